import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jsonNumber, numberOf, pythonFloat } from "./float.js";

describe("B-41: numbers in text are those of Python's float()", () => {
  it.each([
    ["12", 12],
    [" 12 \n", 12],
    ["\u00a012\u3000", 12],
    ["+5", 5],
    ["-0.5", -0.5],
    ["5.", 5],
    [".5", 0.5],
    ["007", 7],
    ["1_000", 1000],
    ["1_0.0_1e1_0", 10.01e10],
    ["1e3", 1000],
    ["1E-3", 0.001],
    ["1e400", Number.POSITIVE_INFINITY],
    ["inf", Number.POSITIVE_INFINITY],
    ["-Infinity", Number.NEGATIVE_INFINITY],
    ["NaN", Number.NaN],
    ["-nan", Number.NaN],
  ])("%j is %d", (text, value) => {
    expect(pythonFloat(text)).toBe(value);
  });

  it.each([
    ...["", " ", "abc", "0x10", "0b1", "1__0", "_1", "1_", "1_.5", "1._5", "1e", "e5", ".", "+", "--1", "1,5"],
    ...["1 2", "infinite", "1e5.0", "1n", "\ufeff1", "٣", "1\u00002", "true", "+ 1"],
  ])("%j is none", (text) => {
    expect(pythonFloat(text)).toBeNull();
  });

  it("every number that JavaScript writes is read as itself", () => {
    fc.assert(fc.property(fc.double(), (value) => Object.is(pythonFloat(String(value)), value + 0)));
  });

  it("of digits, points and exponents, those are numbers that are in JavaScript, once underscores are in their place", () => {
    const texts = fc.string({ unit: fc.constantFrom(..."0123456789.eE+-_"), maxLength: 8 });
    fc.assert(
      fc.property(texts, (text) => {
        const isPlaced = !/^_|_$|_[^\d]|[^\d]_/.test(text);
        const value = text === "" ? Number.NaN : Number(text.replaceAll("_", ""));
        expect(pythonFloat(text)).toBe(isPlaced && !Number.isNaN(value) ? value : null);
      }),
      { numRuns: 2000 },
    );
  });

  it("takes linear time for a megabyte of blanks and digits", () => {
    expect(pythonFloat(`${" ".repeat(1_000_000)}x`)).toBeNull();
    expect(pythonFloat(`${"1_".repeat(500_000)}`)).toBeNull();
    expect(pythonFloat(`${"1".repeat(1_000_000)}x`)).toBeNull();
  });
});

it("a number of a loop file is a number, or text that is one", () => {
  expect([5, "5", "x", true, null, undefined, [5]].map(numberOf)).toEqual([5, 5, null, null, null, null, null]);
});

it("what JSON cannot hold of numbers is nothing", () => {
  expect([1.5, Number.NaN, Number.POSITIVE_INFINITY].map(jsonNumber)).toEqual([1.5, null, null]);
});
