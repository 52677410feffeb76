import { describe, expect, it } from "vitest";
import { createMemoryLog } from "./memory-log.js";

/** A clock that stands still until it is told to move. */
function manualClock(startMs = 1_700_000_000_000) {
  let nowMs = startMs;
  return { now: () => nowMs, advance: (ms: number) => (nowMs += ms) };
}

function filled(count: number, options?: Parameters<typeof createMemoryLog>[0]) {
  const log = createMemoryLog(options);
  for (let i = 1; i <= count; i++) log.append("tick", { i });
  return log;
}

const ids = (page: { readonly events: readonly { readonly id: number }[] }) => page.events.map(({ id }) => id);

describe("append", () => {
  it("M-1: returns the frozen event with id, timestamp, kind and payload", () => {
    const { now } = manualClock();
    const event = createMemoryLog({ now }).append("turn.started", { turn: 3 });
    expect({ ...event }).toEqual({ id: 1, timestamp: 1_700_000_000, kind: "turn.started", payload: { turn: 3 } });
    expect(Object.isFrozen(event)).toBe(true);
    expect(() => Object.assign(event, { id: 9 })).toThrow(TypeError);
    expect(() => Object.assign(event, { payload: {} })).toThrow(TypeError);
  });

  it("M-2: the timestamp is seconds since 1970 with a fraction", () => {
    const { now } = manualClock(1_700_000_000_125);
    const log = createMemoryLog({ now });
    expect(log.append("k").timestamp).toBe(1_700_000_000.125);
    expect(log.query().events[0]?.timestamp).toBe(1_700_000_000.125);
  });

  it("M-4: ids rise by one from 1, also for appends out of concurrent tasks", async () => {
    const log = createMemoryLog();
    const tasks = Array.from({ length: 8 }, async (_, task) => {
      for (let i = 0; i < 200; i++) {
        log.append("k", { task });
        if (i % 7 === 0) await null;
      }
    });
    await Promise.all(tasks);
    expect(ids(log.query())).toEqual(Array.from({ length: 1600 }, (_, i) => i + 1));
  });

  it("M-5: nothing, null and an empty object are the payload {}", () => {
    const log = createMemoryLog();
    for (const payload of [undefined, null, {}]) expect(log.append("k", payload).payload).toEqual({});
    expect(log.query().events.map(({ payload }) => payload)).toEqual([{}, {}, {}]);
  });

  it("M-5: any text is a kind", () => {
    const log = createMemoryLog();
    for (const kind of ["", "A b", "ä.ö", "x".repeat(5000)]) expect(log.append(kind).kind).toBe(kind);
  });

  it("M-5: what the caller changes afterwards, however deep, changes nothing that was logged", () => {
    const log = createMemoryLog();
    const payload = { list: [{ deep: 1 }] };
    const event = log.append("k", payload);
    payload.list[0] = { deep: 2 };
    expect(event.payload).toEqual({ list: [{ deep: 1 }] });
    expect(log.query().events[0]?.payload).toEqual({ list: [{ deep: 1 }] });
  });

  it("a shallow copy is not enough: the payload of each returned event is a copy of its own", () => {
    const log = createMemoryLog();
    const appended = log.append("k", { list: [1] });
    const first = log.query().events[0];
    Object.assign(appended.payload, { list: "changed" });
    Object.assign(first?.payload ?? {}, { list: "changed too" });
    expect(first?.payload).toEqual({ list: "changed too" });
    expect(log.query().events[0]?.payload).toEqual({ list: [1] });
  });

  it("keeps payload fields that have the names of event fields", () => {
    const payload = { event: "e", ts: "t", id: 7, payload: { payload: null }, kind: "x" };
    expect(createMemoryLog().append("k", payload).payload).toEqual(payload);
  });

  it("takes every payload, even one that JSON cannot hold", () => {
    const log = createMemoryLog();
    const cyclic: Record<string, unknown> = { big: 10n };
    cyclic["self"] = cyclic;
    const throwing = {
      get field(): string {
        throw new Error("no");
      },
    };
    for (const payload of [cyclic, throwing, { f: Number.NaN }]) log.append("k", payload);
    expect(log.query().events.map(({ payload }) => Object.keys(payload))).toEqual([["big", "self"], ["field"], ["f"]]);
  });
});

describe("toJSON", () => {
  it("M-3: gives a plain object with just the four keys", () => {
    const event = createMemoryLog({ now: () => 1500 }).append("k", { a: [1] });
    expect(Object.keys(event.toJSON())).toEqual(["id", "timestamp", "kind", "payload"]);
    expect(Object.keys(event)).toEqual(["id", "timestamp", "kind", "payload"]);
    expect(JSON.stringify(event)).toBe('{"id":1,"timestamp":1.5,"kind":"k","payload":{"a":[1]}}');
    expect(structuredClone(event)).toEqual(event.toJSON());
  });

  it("M-3: gives a deep copy", () => {
    const event = createMemoryLog().append("k", { a: { b: 1 } });
    Object.assign(event.toJSON().payload["a"] as object, { b: 2 });
    expect(event.toJSON().payload).toEqual({ a: { b: 1 } });
    expect(event.payload).toEqual({ a: { b: 1 } });
  });
});

describe("query", () => {
  it("M-6: returns the events after since, in the order of their ids", () => {
    const log = filled(5);
    expect(log.query({ since: 2 }).events.map((event) => event.toJSON().payload)).toEqual([
      { i: 3 },
      { i: 4 },
      { i: 5 },
    ]);
    expect(ids(log.query({ since: 2 }))).toEqual([3, 4, 5]);
  });

  it("M-6: an evicted place gives what is left, without an error, and says that there is a gap", () => {
    const log = filled(5, { maxEntries: 2 });
    const page = log.query({ since: 1 });
    expect(ids(page)).toEqual([4, 5]);
    expect(page.gap).toBe(true);
    expect(page.oldest).toBe(log.query({ limit: 1 }).next);
  });

  it("tells no gap to a reader that has seen the event before the oldest", () => {
    const log = filled(5, { maxEntries: 2 });
    expect(log.query({ since: 3 }).gap).toBe(false);
    expect(log.query({ since: 5 }).gap).toBe(false);
  });

  it("M-7: none, 0 and a negative since are all", () => {
    const log = filled(3);
    for (const since of [undefined, null, 0, -1, Number.NEGATIVE_INFINITY])
      expect(ids(log.query({ since }))).toEqual([1, 2, 3]);
    expect(ids(log.query())).toEqual([1, 2, 3]);
  });

  it("M-7: past the newest is empty, and a place that was never handed out is a gap", () => {
    const log = filled(3);
    expect(log.query({ since: 3 })).toMatchObject({ events: [], gap: false });
    expect(log.query({ since: 99 })).toMatchObject({ events: [], gap: true });
  });

  it("M-8: no limit and a negative one are no bound; 0 is none; n are the oldest n after since", () => {
    const log = filled(5);
    for (const limit of [undefined, null, -1, 99]) expect(ids(log.query({ since: 1, limit }))).toEqual([2, 3, 4, 5]);
    expect(ids(log.query({ since: 1, limit: 0 }))).toEqual([]);
    expect(ids(log.query({ since: 1, limit: 2 }))).toEqual([2, 3]);
  });

  it("pages with next through everything, each event once", () => {
    const log = filled(10);
    const seen: number[] = [];
    for (let page = log.query({ limit: 3 }); page.events.length > 0; page = log.query({ since: page.next, limit: 3 })) {
      seen.push(...ids(page));
      expect(page.gap).toBe(false);
    }
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  it("next of an empty page goes on with what comes later", () => {
    const log = createMemoryLog();
    const start = log.query();
    expect(start).toEqual({ events: [], gap: false, oldest: null, newest: start.next, next: expect.any(String) });
    const probe = filled(2, {}).query({ limit: 0 });
    log.append("later");
    expect(ids(log.query({ since: start.next }))).toEqual([1]);
    expect(probe.events).toEqual([]);
  });

  it("ids restart with the process, so a cursor of an earlier life is a gap and gives all that is kept", () => {
    const before = filled(5).query().next;
    const page = filled(7).query({ since: before });
    expect(ids(page)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(page.gap).toBe(true);
  });
});

describe("bounds and clock", () => {
  it("M-9: by default keeps 10000 events for 3600 seconds", () => {
    const { now, advance } = manualClock();
    const log = createMemoryLog({ now });
    for (let i = 0; i < 10_001; i++) log.append("k");
    expect(log.query().events).toHaveLength(10_000);
    advance(3_600_000);
    expect(log.query().events).toHaveLength(10_000);
    advance(1);
    expect(log.query().events).toHaveLength(0);
  });

  it.each([0, -1, Number.NEGATIVE_INFINITY])("M-9: a bound of %d silently is its own default", (bad) => {
    const { now, advance } = manualClock();
    const few = filled(5, { now, ttlMs: bad, maxEntries: 2 });
    advance(3_600_000);
    expect(ids(few.query())).toEqual([4, 5]);
    advance(1);
    expect(ids(few.query())).toEqual([]);
    expect(filled(10_001, { maxEntries: bad }).query().events).toHaveLength(10_000);
    expect(filled(10, { maxBytes: bad }).query().events).toHaveLength(10);
  });

  it("M-10: append evicts by age, then by number", () => {
    const { now, advance } = manualClock();
    const log = filled(3, { now, ttlMs: 1000, maxEntries: 3 });
    advance(1001);
    for (let i = 0; i < 4; i++) log.append("k");
    expect(log.stats()).toMatchObject({ appended: 7, resident: 3, evicted: { age: 3, entries: 1, bytes: 0 } });
  });

  it("M-10: a query sweeps by age first, even with limit 0", () => {
    const { now, advance } = manualClock();
    const log = filled(2, { now, ttlMs: 1000 });
    const { next } = log.query({ limit: 1 });
    advance(1001);
    expect(log.query({ since: next, limit: 0 })).toMatchObject({ events: [], gap: true, oldest: null });
  });

  it("M-11: takes the time from the clock it was given", () => {
    let nowMs = 0;
    const log = createMemoryLog({ now: () => (nowMs += 1000) });
    expect([log.append("k").timestamp, log.append("k").timestamp]).toEqual([1, 2]);
  });

  it.each([42, "now", {}, null])("M-11: a clock that is %j means the real one", (now) => {
    const log = createMemoryLog({ now } as never);
    const before = Date.now() / 1000;
    expect(log.append("k").timestamp).toBeGreaterThanOrEqual(before);
  });

  it("M-4: ids go on after eviction, also when everything is gone", () => {
    let nowMs = 0;
    const log = createMemoryLog({ maxEntries: 2, ttlMs: 10, now: () => nowMs });
    expect(["a", "b", "c"].map((kind) => log.append(kind).id)).toEqual([1, 2, 3]);
    nowMs = 11;
    expect(ids(log.query())).toEqual([]);
    expect(log.append("d").id).toBe(4);
  });

  it("M-4: clear drops everything, ids go on, and a reader is told", () => {
    const log = filled(3);
    const { next } = log.query({ limit: 1 });
    log.clear();
    expect(log.query({ since: next })).toMatchObject({ events: [], gap: true, oldest: null });
    expect(log.append("k").id).toBe(4);
    expect(log.stats()).toMatchObject({ appended: 4, resident: 1, cleared: 3 });
  });

  it("an event that is over the byte bound by itself is kept as a stub and pushes nothing out", () => {
    const log = createMemoryLog({ maxBytes: 2000 });
    log.append("small", { n: 1 });
    const huge = log.append("huge", { text: "x".repeat(2000) });
    expect(huge.payload).toEqual({ truncated: { bytes: expect.any(Number), limit: 1000 } });
    expect(log.query().events.map(({ kind }) => kind)).toEqual(["small", "huge"]);
    expect(log.stats().bytes).toBeLessThanOrEqual(2000);
  });

  it("never holds more text than maxBytes", () => {
    const log = createMemoryLog({ maxBytes: 10_000 });
    for (let i = 0; i < 500; i++) {
      log.append("k", { text: "ä".repeat(i % 50) });
      expect(log.stats().bytes).toBeLessThanOrEqual(10_000);
    }
    expect(log.stats().resident).toBeGreaterThan(10);
  });

  it.each(["ttlMs", "maxEntries", "maxBytes"])("refuses a %s that is not a number, and names it", (option) => {
    for (const value of ["10", Number.NaN, {}, [1], true]) {
      expect(() => createMemoryLog({ [option]: value })).toThrow(
        expect.objectContaining({
          code: "LOOPS_CONFIG",
          message: expect.stringContaining(`[memory-log] ${option} must be`),
        }),
      );
    }
  });
});
