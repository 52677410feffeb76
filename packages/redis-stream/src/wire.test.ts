import { type EventInput, encodeEvent, type LoopEvent, stamp } from "@loops/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { entryEvent, entryRecord } from "./entry.js";
import { wireKinds } from "./kinds.js";
import { fromWire, toWire, wireText } from "./wire.js";

const at = "2026-01-31T12:00:00.000Z";

const event = (fields: Record<string, unknown> = {}): LoopEvent => ({
  event: "agent.start",
  ts: at,
  id: "mk3-x-1",
  ...fields,
});

/** What a stream holds of an event that was emitted like this. */
const body = (input: EventInput, wire: "envelope" | "flat" = "envelope") => {
  const stamped = stamp(input);
  return JSON.parse(wireText(encodeEvent(stamped).json, wire));
};

describe("the envelope", () => {
  it("R-2: has these eight keys, and the rest of the event in its payload", () => {
    expect(body({ event: "agent.start", ts: at, id: "mk3-x-1", run_id: "r1", tool: "grep", n: { deep: [1] } })).toEqual(
      {
        schema_version: "1",
        kind: "agent.start",
        arena: "",
        arena_id: "",
        phase: "",
        ts: "2026-01-31T12:00:00.000+00:00",
        correlation_id: "r1",
        payload: { id: "mk3-x-1", run_id: "r1", tool: "grep", n: { deep: [1] } },
      },
    );
  });

  it("R-2: arena, arena_id, phase and correlation_id are fields of those names", () => {
    const fields = { arena: "a", arena_id: "a-1", phase: "plan", correlation_id: "c", run_id: "r1" };
    expect(body({ event: "x", ts: at, id: "i", ...fields })).toMatchObject({
      arena: "a",
      arena_id: "a-1",
      phase: "plan",
      correlation_id: "c",
      payload: { id: "i", run_id: "r1" },
    });
  });

  it("R-3: what is absent is empty; without a correlation there are 32 hexadecimal digits, the same each time", () => {
    const [first, second] = [body({ event: "x", id: "i", ts: at }), body({ event: "x", id: "i", ts: at })];
    expect(first).toMatchObject({ arena: "", arena_id: "", phase: "", payload: { id: "i" } });
    expect(first.correlation_id).toMatch(/^[0-9a-f]{32}$/);
    expect(second).toEqual(first);
    const other = body({ event: "x", id: "j", ts: at });
    expect(other.correlation_id).not.toBe(first.correlation_id);
    expect(toWire(event({ id: "" })).correlation_id).toMatch(/^[0-9a-f]{32}$/);
  });

  it("R-2: wire flat is the event as it is", () => {
    const input = { event: "x", ts: at, id: "i", arena: "a", n: 1 };
    expect(body(input, "flat")).toEqual(input);
  });

  it("R-4, R-5: the nineteen kinds are dotted and in lower case", () => {
    expect(new Set(wireKinds).size).toBe(19);
    for (const kind of wireKinds) expect(kind).toMatch(/^[a-z]+\.[a-z]+$/);
  });

  it("R-6: an unknown kind is carried and read back like any other", () => {
    expect(fromWire(body({ event: "no.such.kind", ts: at, id: "i", n: 1 }))).toEqual({
      event: "no.such.kind",
      ts: at,
      id: "i",
      n: 1,
    });
  });

  it("R-13: a value that is no JSON becomes what core's encoding makes of it", () => {
    const { payload } = body({
      event: "x",
      set: new Set([1]),
      error: new TypeError("no"),
      not: Number.NaN,
      at: { toJSON: () => "json" },
    });
    expect(payload).toMatchObject({ set: [1], error: { name: "TypeError", message: "no" }, not: null, at: "json" });
  });

  it("reads what a stranger wrote: nothing of a payload is lost, whatever it calls its fields", () => {
    const foreign = {
      schema_version: "1",
      kind: "llm.call",
      arena: "a",
      arena_id: "",
      phase: "",
      ts: "2024-01-15T10:30:00.123456+00:00",
      correlation_id: "0123456789abcdef0123456789abcdef",
      payload: { event: "inner", ts: 5, arena: "b", tokens: 3 },
    };
    expect(fromWire(foreign)).toEqual({
      event: "llm.call",
      ts: "2024-01-15T10:30:00.123456Z",
      id: "",
      arena: "a",
      correlation_id: "0123456789abcdef0123456789abcdef",
      tokens: 3,
      payload: { event: "inner", ts: 5, arena: "b" },
    });
  });

  it("an envelope with anything behind its payload, or a payload with names that are taken, is read as it is", () => {
    const head = `{"schema_version":"1","kind":"a","arena":"","arena_id":"","phase":"","ts":"t+00:00","correlation_id":"r"`;
    const read = (rest: string) => entryRecord(["5-1", ["data", `${head},"payload":{"id":"i","run_id":"r"${rest}`]]);
    const plain = { event: "a", ts: "tZ", id: "i", run_id: "r", stream_id: "5-1" };
    expect(read("}}")).toEqual(plain);
    expect(read('},"more":1}')).toEqual({ ...plain, more: 1 });
    expect(read('},"more":{"x":1}}')).toEqual({ ...plain, more: { x: 1 } });
    expect(read(',"event":"b"}}')).toEqual({ ...plain, payload: { event: "b" } });
    expect(read(',"stream_id":"own"}}')).toEqual(plain);
    expect(read("}}}")).toMatchObject({ error: expect.stringMatching(/^json_decode: /) });
    expect(read("}")).toMatchObject({ error: expect.stringMatching(/^json_decode: /) });
  });

  it("reads what is no envelope as the flat event that it is", () => {
    expect(fromWire({ kind: "x", payload: 5 })).toEqual({ event: "unknown", ts: "", id: "", kind: "x", payload: 5 });
    expect(fromWire({ type: "a", timestamp: "t" })).toEqual({ event: "a", ts: "t", id: "" });
    expect(fromWire({ event: "a", kind: "b", payload: {} })).toMatchObject({ event: "a", kind: "b", payload: {} });
  });

  const name = fc.constantFrom(
    "arena",
    "arena_id",
    "phase",
    "correlation_id",
    "run_id",
    "payload",
    "kind",
    "schema_version",
    "stream_id",
    "x",
    "__proto__",
  );
  const value = fc.oneof(
    fc.string(),
    fc.constantFrom("", "r1", 'a"b\n'),
    fc.integer(),
    fc.constant(null),
    fc.array(fc.boolean()),
  );
  const inputs = fc.record({
    event: fc.oneof(fc.constantFrom("state_enter", "agent.start"), fc.string()),
    id: fc.oneof(fc.constantFrom("mk3-x-1", "i"), fc.string({ minLength: 1 })),
    fields: fc.dictionary(name, value, { noNullPrototype: true }),
  });

  it("an event comes back from its envelope as it was, and from the text that is cut from its encoded form", () => {
    fc.assert(
      fc.property(inputs, fc.boolean(), ({ event: kind, id, fields }, same) => {
        const correlation = same
          ? { correlation_id: toWire({ event: kind, ts: at, id, ...fields }).correlation_id }
          : {};
        const stamped = stamp({ ...fields, ...correlation, event: kind, ts: at, id });
        const encoded = encodeEvent(stamped);
        const asSent = JSON.parse(encoded.json);
        for (const wire of ["envelope", "flat"] as const) {
          const text = wireText(encoded.json, wire);
          const read = JSON.parse(text);
          expect(fromWire(read)).toEqual(asSent);
          expect(entryRecord(["5-1", ["data", text]])).toEqual({ ...asSent, stream_id: "5-1" });
          expect(entryEvent([Buffer.from("data"), Buffer.from(text)])).toEqual(asSent);
          if (wire === "envelope") expect(read).toEqual(JSON.parse(JSON.stringify(toWire(asSent))));
        }
      }),
      { numRuns: 2000 },
    );
  });
});
