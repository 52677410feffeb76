import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromWire, toWire } from "./mapping.js";

const loopEvent = fc
  .tuple(fc.dictionary(fc.string(), fc.jsonValue()), fc.string(), fc.string(), fc.string())
  .map(([fields, event, ts, id]) => ({ ...fields, event, ts, id }));

describe("toWire and fromWire", () => {
  it("give back every event of the bus", () => {
    fc.assert(
      fc.property(loopEvent, fc.nat(), (event, id) => {
        const record = { id, timestamp: 1, ...toWire(event) };
        expect(fromWire(record, "epoch:1")).toEqual(event);
      }),
    );
  });

  it("put event, ts and id first, as on the wire", () => {
    const record = { id: 1, timestamp: 1.5, kind: "k", payload: { a: 1, id: "x", ts: "t" } };
    expect(Object.entries(fromWire(record, "epoch:1"))).toEqual([
      ["event", "k"],
      ["ts", "t"],
      ["id", "x"],
      ["a", 1],
    ]);
  });

  it("fill in time and identity where a record has none, and let no payload change the name", () => {
    const record = { id: 1, timestamp: 1.5, kind: "k", payload: { event: "other" } };
    expect(fromWire(record, "epoch:1")).toEqual({ event: "k", ts: "1970-01-01T00:00:01.500Z", id: "epoch:1" });
  });
});
