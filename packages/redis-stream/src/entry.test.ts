import { describe, expect, it } from "vitest";
import { entryRecord } from "./entry.js";

const bytes = (...texts: (string | Buffer)[]) => texts.map((text) => Buffer.from(text as string));
const record = (...fields: (string | Buffer)[]) => entryRecord([Buffer.from("5-1"), bytes(...fields)]);

describe("a stream entry", () => {
  it("R-1: holds its event as JSON in the field data, wherever that stands", () => {
    const data = '{"event":"a","ts":"t","id":"i","n":1}';
    const event = { event: "a", ts: "t", id: "i", n: 1, stream_id: "5-1" };
    expect(record("data", data)).toEqual(event);
    expect(record("more", "data", "data", data)).toEqual(event);
  });

  it("R-21: its id is stream_id, which wins over a field of that name", () => {
    expect(record("data", '{"event":"a","stream_id":"own"}')).toMatchObject({ event: "a", stream_id: "5-1" });
  });

  it("R-22: without data, or with empty data, it is the error no_data_field", () => {
    for (const fields of [[], ["other", "x"], ["data", ""], ["datum", "{}"]]) {
      expect(record(...fields)).toEqual({ stream_id: "5-1", error: "no_data_field" });
    }
  });

  it("R-23: bad JSON is the error json_decode, with the reason", () => {
    expect(record("data", "{oops")).toEqual({ stream_id: "5-1", error: expect.stringMatching(/^json_decode: .+/) });
  });

  it.each(["5", "null", '"text"', "[1]", "true"])(
    "R-24: %s, which is no object, is the error not_an_object",
    (data) => {
      expect(record("data", data)).toEqual({ stream_id: "5-1", error: "not_an_object" });
    },
  );

  it("R-24: bytes that are no UTF-8 are the error utf8_decode", () => {
    const torn = Buffer.concat([Buffer.from('{"event":"'), Buffer.from([0xc3, 0x28]), Buffer.from('"}')]);
    expect(record("data", torn)).toEqual({ stream_id: "5-1", error: "utf8_decode" });
  });

  it("an object may call its fields anything", () => {
    const made = record("data", '{"event":"a","__proto__":{"x":1},"toString":2}');
    expect(Object.getPrototypeOf(made)).toBe(Object.prototype);
    expect(Object.hasOwn(made, "__proto__")).toBe(true);
  });
});
