import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { DEFAULT_MAX_EVENT_BYTES, encodeEvent } from "./encode.js";
import type { LoopEvent } from "./event.js";

const head = { event: "state_enter", ts: "2026-01-01T00:00:00.000Z", id: "i-1" };
const parse = (event: LoopEvent, maxEventBytes?: number) => JSON.parse(encodeEvent(event, maxEventBytes).json);

describe("encodeEvent", () => {
  it("is compact JSON, with a line end as line, and the line in UTF-8 as bytes", () => {
    const encoded = encodeEvent({ ...head, note: "grün \u{1F600}", n: 1 });
    expect(encoded.json).toBe(JSON.stringify({ ...head, note: "grün \u{1F600}", n: 1 }));
    expect(encoded.line).toBe(`${encoded.json}\n`);
    expect(new TextDecoder("utf-8", { fatal: true }).decode(encoded.bytes)).toBe(encoded.line);
  });

  it("keeps the order event, ts, id, then the caller's fields", () => {
    const keys = (event: LoopEvent) => Object.keys(parse(event));
    expect(keys({ ...head, z: 1, a: 2 })).toEqual(["event", "ts", "id", "z", "a"]);
    expect(keys({ ...head, z: 1n, a: new Map() })).toEqual(["event", "ts", "id", "z", "a"]);
  });

  it("K-12: serialises nothing before it is asked, and once however often it is asked", () => {
    const toJSON = vi.fn(() => "value");
    const encoded = encodeEvent({ ...head, field: { toJSON } });
    expect(toJSON).not.toHaveBeenCalled();
    expect([encoded.line, encoded.json, encoded.bytes, encoded.line, encoded.json]).toContain(encoded.json);
    expect(toJSON).toHaveBeenCalledTimes(1);
    expect(encoded.bytes).toBe(encoded.bytes);
  });

  it("K-12: what changes after the first reading changes nothing that was encoded", () => {
    const nested = { list: [1] };
    const event = { ...head, nested };
    const encoded = encodeEvent(event);
    const before = encoded.json;
    nested.list.push(2);
    event.id = "other";
    expect(encoded.json).toBe(before);
    expect(encoded.line).toBe(`${before}\n`);
    expect(JSON.parse(Buffer.from(encoded.bytes).toString())).toEqual({ ...head, nested: { list: [1] } });
  });

  it("is what JSON.stringify says, wherever JSON can say it", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.anything()), (fields) => {
        const event = { ...head, ...fields, ...head };
        expect(encodeEvent(event).json).toBe(JSON.stringify(event));
      }),
      { numRuns: 1000 },
    );
  });

  it("bytes decode to line, lone surrogates included", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0xd7f0, max: 0xe010 })), (units) => {
        const text = String.fromCharCode(...units);
        const { bytes, line } = encodeEvent({ ...head, [text]: text });
        expect(new TextDecoder("utf-8", { fatal: true }).decode(bytes)).toBe(line);
        expect(JSON.parse(line)[text]).toBe(text);
      }),
    );
  });
});

describe("an event over the limit", () => {
  it("is a stub with its short scalar fields, its size and the limit", () => {
    const scalars = { run_id: "r", depth: 0, ok: true, none: null, exact: "x".repeat(256) };
    const event = { ...head, ...scalars, long: "x".repeat(257), list: [1], output: "x".repeat(20_000), last: 9 };
    const size = JSON.stringify(event).length;
    expect(parse(event, size - 1)).toEqual({
      ...head,
      ...scalars,
      last: 9,
      truncated: { bytes: size, limit: size - 1 },
    });
    expect(parse(event, size)).toEqual(event);
  });

  it("is measured in bytes of UTF-8, not in characters", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.integer({ min: -60, max: 60 }), (text, delta) => {
        const event = { ...head, text, list: [text] };
        const bytes = Buffer.byteLength(JSON.stringify(event));
        const limit = bytes + delta;
        const parsed = parse(event, limit);
        if (delta < 0) expect(parsed.truncated).toEqual({ bytes, limit });
        else expect(parsed).toEqual(event);
      }),
    );
  });

  it("may have 4 MiB by default", () => {
    expect(DEFAULT_MAX_EVENT_BYTES).toBe(4 * 1024 * 1024);
    const room = DEFAULT_MAX_EVENT_BYTES - JSON.stringify({ ...head, text: "" }).length;
    expect(parse({ ...head, text: "x".repeat(room) })["text"]).toHaveLength(room);
    expect(parse({ ...head, text: "x".repeat(room + 1) })).toEqual({
      ...head,
      truncated: { bytes: DEFAULT_MAX_EVENT_BYTES + 1, limit: DEFAULT_MAX_EVENT_BYTES },
    });
  });

  it("has at most 32 fields beside the sign, and always the first three", () => {
    const fields = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`f${i}`, i]));
    const stub = parse({ ...head, ...fields, big: "x".repeat(5000) }, 4000);
    expect(Object.keys(stub)).toHaveLength(33);
    expect(stub).toMatchObject({ ...head, f0: 0, f28: 28, truncated: { limit: 4000 } });
    expect(parse({ ...fields, ...head, big: "x".repeat(5000) }, 4000)).toMatchObject(head);
  });

  it("is cut in its own name and id where these are what is too large", () => {
    const stub = parse({ event: "e".repeat(5000), ts: "t", id: "i" }, 1000);
    expect(stub).toEqual({ event: "e".repeat(256), ts: "t", id: "i", truncated: { bytes: 5030, limit: 1000 } });
    expect(parse({ event: {}, ts: [], id: "i", big: "x".repeat(5000) } as unknown as LoopEvent, 1000)).toMatchObject({
      event: "",
      ts: "",
      id: "i",
    });
  });

  it("leaves a stub that is itself within a small limit, with what fits", () => {
    const fields = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`f${i}`, "\0".repeat(i % 2 ? 2 : 200)]));
    const { json } = encodeEvent({ ...head, ...fields, big: "x".repeat(5000) }, 4000);
    expect(Buffer.byteLength(json)).toBeLessThanOrEqual(4000);
    expect(JSON.parse(json)).toMatchObject({
      ...head,
      f0: fields["f0"],
      f1: "\0\0",
      f3: "\0\0",
      truncated: { limit: 4000 },
    });
  });

  it("is not even encoded where its parts show that it is far too large", () => {
    const text = "x".repeat(1_000_000);
    let plain: unknown = 1;
    let mixed: unknown = 1n;
    let sets: unknown = 1n;
    for (let i = 0; i < 60; i++) {
      plain = [plain, plain];
      mixed = { a: mixed, b: mixed };
      sets = new Set([sets, [sets]]);
    }
    const tooLarge = [
      plain,
      mixed,
      sets,
      new Array(4e9),
      Array(100).fill(text),
      Array(100).fill([1n, text]),
      Array(100).fill({ [text]: 1n }),
      Buffer.alloc(2e6),
    ];
    for (const value of tooLarge) {
      expect(parse({ ...head, value }, 1000)).toEqual({ ...head, truncated: { bytes: null, limit: 1000 } });
    }
  });

  it("counts all of its fields together", () => {
    const fields = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`f${i}`, ["x".repeat(100_000)]]));
    for (const n of [1, 1n])
      expect(parse({ ...head, n, ...fields }, 1000).truncated).toEqual({ bytes: null, limit: 1000 });
  });

  it("is not charged for fields that JSON leaves out", () => {
    const absent = Object.fromEntries(Array.from({ length: 200_000 }, (_, i) => [`field${i}`, undefined]));
    expect(parse({ ...head, absent }, 1000)).toEqual({ ...head, absent: {} });
    expect(parse({ ...head, absent: { ...absent, n: 1n } }, 1000)).toEqual({ ...head, absent: { n: "1" } });
  });

  it("no limit stands in the way of what fits into a string", () => {
    const event = { ...head, text: "x".repeat(5_000_000) };
    expect(encodeEvent(event, Number.POSITIVE_INFINITY).json).toBe(JSON.stringify(event));
  });
});

describe("an event that cannot be encoded", () => {
  it("is a stub that says why", () => {
    const { proxy, revoke } = Proxy.revocable(head, {});
    revoke();
    expect(parse(proxy)).toEqual({ event: "", ts: "", id: "", encode_error: expect.stringContaining("revoked") });
  });

  it("keeps the fields it has where only JSON.stringify fails, here by a getter that changes its mind", () => {
    let reads = 0;
    const moody = {
      get value() {
        return reads++ === 0 ? "fine" : 1n;
      },
    };
    expect(parse({ ...head, depth: 0, moody })).toEqual({
      ...head,
      depth: 0,
      encode_error: expect.stringContaining("BigInt"),
    });
  });

  it("survives an error whose message cannot be read", () => {
    const thrown = Object.assign(new Error(), { message: Object.create(null) });
    const hostile = new Proxy(head, {
      ownKeys: () => {
        throw thrown;
      },
    });
    expect(parse(hostile)).toEqual({ event: "", ts: "", id: "", encode_error: "unknown" });
  });
});
