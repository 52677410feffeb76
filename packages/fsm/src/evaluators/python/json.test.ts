import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isEqual, isTruthy, jsonValue, pythonJson, pythonJsonOrEmpty } from "./json.js";

describe("pythonJson", () => {
  it("reads any JSON as JavaScript does", () => {
    fc.assert(fc.property(fc.json(), (text) => void expect(pythonJson(text)).toEqual(JSON.parse(text))));
  });

  it("B-41: takes NaN, Infinity and -Infinity where a value may stand, and leaves texts alone", () => {
    const words = '{"a": NaN, "b": [Infinity, -Infinity], "c": "Infinity NaN", "d": "\\"NaN"}';
    expect(pythonJson(words)).toEqual({
      a: Number.NaN,
      b: [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
      c: "Infinity NaN",
      d: '"NaN',
    });
    expect(pythonJson("NaN")).toBeNaN();
    expect(pythonJson('["NaN", "NaN!", NaN]')).toEqual(["NaN", "NaN!", Number.NaN]);
  });

  it.each(["", "nan", "-NaN", "+Infinity", "NaNNaN", "1Infinity", "1e-Infinity", "{NaN: 1}", '"NaN', "\ufeff1"])(
    "refuses %j",
    (text) => {
      expect(() => pythonJson(text)).toThrow(SyntaxError);
    },
  );

  it("throws nothing but a SyntaxError", () => {
    const pieces = fc.constantFrom("NaN", "Infinity", "-", '"', "\\", "{", "}", "[", "]", ",", ":", "1", " ");
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 8 }), (parts) => {
        try {
          pythonJson(parts.join(""));
        } catch (error) {
          expect(error).toBeInstanceOf(SyntaxError);
        }
      }),
    );
  });

  it("of nothing is an empty mapping where that is asked for", () => {
    expect(pythonJsonOrEmpty(" \n\u00a0")).toEqual({});
    expect(pythonJsonOrEmpty("\u00a0[1]\n")).toEqual([1]);
  });
});

describe("isEqual", () => {
  it.each([
    [1, true, true],
    [0, false, true],
    [1, 1.0, true],
    ["1", 1, false],
    [null, 0, false],
    [null, null, true],
    [Number.NaN, Number.NaN, false],
    [[1, { a: [true] }], [true, { a: [1] }], true],
    [{ a: 1, b: 2 }, { b: 2, a: 1 }, true],
    [{ a: 1 }, { a: 1, b: 2 }, false],
    [{ a: 1, b: 2 }, { a: 1, c: 2 }, false],
    [[], {}, false],
    [["x"], ["y"], false],
  ])("compares %j and %j: %s", (a, b, expected) => {
    expect(isEqual(a, b)).toBe(expected);
    expect(isEqual(b, a)).toBe(expected);
  });

  it("finds every value without a NaN equal to its copy", () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => isEqual(value, structuredClone(value))));
  });
});

it("empty lists, mappings and texts, zero and null are false", () => {
  expect([[], {}, "", 0, null, false].some(isTruthy)).toBe(false);
  expect([[0], { a: 0 }, " ", 1, Number.NaN, true].every(isTruthy)).toBe(true);
});

it("a value for JSON has null for what is not finite, however deep, and else is what it was", () => {
  expect(jsonValue({ a: [Number.NaN, 1], b: Number.POSITIVE_INFINITY })).toEqual({ a: [null, 1], b: null });
  fc.assert(fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => isEqual(jsonValue(value), value)));
});
