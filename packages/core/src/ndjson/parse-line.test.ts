import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseLine } from "./parse-line.js";

const parse = (text: string) => parseLine(Buffer.from(text));
const record = (value: Record<string, unknown>) => ({ kind: "record", value });
const bad = (reason: string) => ({ kind: "bad", reason });

describe("parseLine", () => {
  it("reads back whatever JSON object was written", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const json = JSON.stringify(value);
        expect(parse(json)).toEqual(record(JSON.parse(json)));
      }),
    );
  });

  it("J-3: takes blanks after separators, ASCII escapes, and bare NaN and Infinity as null", () => {
    expect(parse('{"event": "x", "name": "\\u00e9", "a": NaN, "b": [Infinity, -Infinity]}')).toEqual(
      record({ event: "x", name: "é", a: null, b: [null, null] }),
    );
  });

  it("leaves NaN alone inside of text, also behind escaped quotes and backslashes", () => {
    const text = 'NaN \\" -Infinity \\\\';
    expect(parse(`{"a": NaN, "${text}": "${text}", "b": NaN}`)).toEqual(
      record({ a: null, 'NaN " -Infinity \\': 'NaN " -Infinity \\', b: null }),
    );
  });

  it("reads a line of many megabytes with a bare NaN", () => {
    const text = "\\n".repeat(4_000_000);
    const parsed = parse(`{"text":"${text}","n":NaN}`);
    expect(parsed.kind === "record" && parsed.value["n"]).toBe(null);
  });

  it("takes a byte order mark and CRLF", () => {
    expect(parse('\ufeff{"a":1}\r')).toEqual(record({ a: 1 }));
  });

  it("J-9: tells blank lines from bad ones, and says why a line is bad", () => {
    expect(["", "  ", "\r", "\ufeff"].map((text) => parse(text).kind)).toEqual(Array(4).fill("blank"));
    expect(["{", '{"a":', "NaNNaN", '{"a":xNaN}', "{NaN:1}", '{"a":NaN', '{"a":NaN"}'].map(parse)).toEqual(
      Array(7).fill(bad("not_json")),
    );
    expect(["[]", "1", "null", '"a"', "true", "NaN"].map(parse)).toEqual(Array(6).fill(bad("not_an_object")));
    expect(parseLine(Buffer.from([0x7b, 0xff, 0x7d]))).toEqual(bad("not_utf8"));
    expect(parseLine(null)).toEqual(bad("too_long"));
  });

  it("never throws, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(["record", "blank", "bad"]).toContain(parseLine(Buffer.from(bytes)).kind);
      }),
    );
  });
});
