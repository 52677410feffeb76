import { getEventListeners } from "node:events";
import type { TailItem } from "@loops/core";
import { describe, expect, it, vi } from "vitest";
import { LogStore } from "./log-store.js";
import { type MemoryLogTransport, type MemoryLogTransportOptions, memoryLogTransport } from "./memory-log-transport.js";
import { resolveOptions } from "./options.js";
import { Tail } from "./tail.js";

let count = 0;

function append(transport: MemoryLogTransport, ...names: readonly string[]): string[] {
  const ts = "2024-01-15T10:30:00.000Z";
  return names.map((event) => transport.append({ event, ts, id: `tail-${++count}` }));
}

function filled(names: readonly string[], options?: MemoryLogTransportOptions) {
  const transport = memoryLogTransport(options);
  return { transport, cursors: append(transport, ...names) };
}

/** A tail with the inside of its log at hand. */
function rawTail() {
  const store = new LogStore(resolveOptions({ now: () => 0 }));
  return { store, tail: new Tail({ store, closed: () => false }, { matches: () => true }) };
}

const shown = (item: TailItem | undefined) => (item?.type === "gap" ? { missed: item.missed } : item?.event.event);

/** The next `n` items, short. */
async function take(tail: AsyncIterator<TailItem>, n: number): Promise<unknown[]> {
  const items: unknown[] = [];
  for (let i = 0; i < n; i++) items.push(shown((await tail.next()).value));
  return items;
}

async function drain(tail: AsyncIterable<TailItem>): Promise<unknown[]> {
  const items: unknown[] = [];
  for await (const item of tail) items.push(shown(item));
  return items;
}

/** Whether a promise is settled once everything that is due has run. */
async function settled(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol();
  await new Promise(setImmediate);
  return (await Promise.race([promise, Promise.resolve(pending)])) !== pending;
}

describe("tail", () => {
  it("yields what comes after the call, even before the first next", async () => {
    const { transport } = filled(["before"]);
    const tail = transport.tail();
    append(transport, "a", "b");
    expect(await take(tail, 2)).toEqual(["a", "b"]);
  });

  it("starts after since: first what is kept, then what comes", async () => {
    const { transport, cursors } = filled(["a", "b", "c"]);
    const tail = transport.tail({ since: cursors[0] });
    expect(await take(tail, 2)).toEqual(["b", "c"]);
    const next = tail.next();
    expect(await settled(next)).toBe(false);
    append(transport, "d");
    expect(shown((await next).value)).toBe("d");
  });

  it("yields cursors that go on in a later tail or query", async () => {
    const { transport, cursors } = filled(["a", "b"]);
    const { value } = await transport.tail({ since: cursors[0] }).next();
    expect(value).toMatchObject({ type: "event", cursor: cursors[1] });
  });

  it("yields only what the filter matches", async () => {
    const { transport } = filled([]);
    const tail = transport.tail({ filter: ["loop_*", "x"] });
    append(transport, "a", "loop_start", "b", "x");
    expect(await take(tail, 2)).toEqual(["loop_start", "x"]);
  });

  it("a reader that falls behind what is kept is told how many events it missed, and goes on", async () => {
    const { transport, cursors } = filled(["a"], { maxEntries: 3 });
    const tail = transport.tail({ since: cursors[0] });
    append(transport, "b", "c", "d", "e", "f");
    expect(await take(tail, 2)).toEqual([{ missed: 2 }, "d"]);
    append(transport, "g", "h", "i");
    expect(await take(tail, 4)).toEqual([{ missed: 2 }, "g", "h", "i"]);
  });

  it("a reader that stalls at a filter learns of the gap, too", async () => {
    const { transport } = filled([], { maxEntries: 2 });
    const tail = transport.tail({ filter: "x" });
    append(transport, "a", "b", "c");
    expect(await take(tail, 1)).toEqual([{ missed: 1 }]);
  });

  it("is told of what aged or was cleared before it was read", async () => {
    let nowMs = 0;
    const { transport } = filled([], { ttlMs: 10, now: () => nowMs });
    const tail = transport.tail();
    append(transport, "a");
    nowMs = 11;
    append(transport, "b");
    transport.log.clear();
    append(transport, "c");
    expect(await take(tail, 2)).toEqual([{ missed: 2 }, "c"]);
  });

  it("is told of what aged even if nothing comes after it", async () => {
    let nowMs = 0;
    const { transport } = filled([], { ttlMs: 10, now: () => nowMs });
    const tail = transport.tail();
    append(transport, "a");
    nowMs = 11;
    expect(await take(tail, 1)).toEqual([{ missed: 1 }]);
  });

  it("a reader that goes on from the cursor of a gap has no gap, and misses nothing", async () => {
    const { transport, cursors } = filled(["a", "b", "c", "d"], { maxEntries: 2 });
    for (const since of [cursors[0], "of another life:1"]) {
      const gap = (await transport.tail({ since }).next()).value;
      expect(gap).toMatchObject({ type: "gap" });
      expect(await take(transport.tail({ since: gap?.cursor }), 2)).toEqual(["c", "d"]);
    }
  });

  it("a cursor of another life is a gap of unknown size, then all that is kept", async () => {
    const { transport } = filled(["a", "b"]);
    const tail = transport.tail({ since: filled(["x"]).cursors[0] });
    expect(await take(tail, 3)).toEqual([{ missed: null }, "a", "b"]);
  });

  it("answers several nexts that wait at once in order, each with another event", async () => {
    const { transport } = filled([]);
    const tail = transport.tail();
    const nexts = [tail.next(), tail.next(), tail.next()];
    append(transport, "a", "b", "c");
    expect((await Promise.all(nexts)).map(({ value }) => shown(value))).toEqual(["a", "b", "c"]);
  });

  it("two tails do not take from each other", async () => {
    const { transport } = filled([]);
    const tails = [transport.tail(), transport.tail()];
    append(transport, "a", "b");
    for (const tail of tails) expect(await take(tail, 2)).toEqual(["a", "b"]);
  });

  it("return ends it while a next waits", async () => {
    const { transport } = filled([]);
    const tail = transport.tail();
    const next = tail.next();
    expect(await tail.return?.()).toEqual({ done: true, value: undefined });
    expect(await next).toEqual({ done: true, value: undefined });
    append(transport, "late");
    expect(await tail.next()).toEqual({ done: true, value: undefined });
  });

  it("leaving the for-await loop ends it", async () => {
    const { transport } = filled([]);
    const tail = transport.tail();
    append(transport, "a", "b");
    for await (const item of tail) {
      expect(shown(item)).toBe("a");
      break;
    }
    expect(await tail.next()).toEqual({ done: true, value: undefined });
  });

  it("an abort ends it, waiting or not, and no listener stays on the signal", async () => {
    const { transport } = filled([]);
    const controller = new AbortController();
    const waiting = drain(transport.tail({ signal: controller.signal }));
    const left = transport.tail({ signal: controller.signal });
    const leftNext = left.next();
    await left.return?.();
    await leftNext;
    expect(getEventListeners(controller.signal, "abort")).toHaveLength(1);
    controller.abort();
    expect(await waiting).toEqual([]);
    expect(getEventListeners(controller.signal, "abort")).toHaveLength(0);
    const { transport: other, cursors } = filled(["a", "b"]);
    expect(await drain(other.tail({ since: cursors[0], signal: controller.signal }))).toEqual([]);
  });

  it("a tail that nobody reads holds nothing", () => {
    const controller = new AbortController();
    const { transport } = filled([]);
    transport.tail({ signal: controller.signal });
    expect(getEventListeners(controller.signal, "abort")).toHaveLength(0);
  });

  it("close ends it after what is kept has been read", async () => {
    const { transport, cursors } = filled(["a", "b", "c"]);
    const waiting = drain(transport.tail());
    const behind = transport.tail({ since: cursors[0] });
    transport.close();
    expect(await waiting).toEqual([]);
    expect(await drain(behind)).toEqual(["b", "c"]);
    expect(await drain(transport.tail())).toEqual([]);
  });

  it("reading a long backlog lets timers and I/O run", async () => {
    const { transport, cursors } = filled(["start"]);
    for (let i = 0; i < 5000; i++) append(transport, "e");
    let turns = 0;
    const turn = () => {
      turns++;
      immediate = setImmediate(turn);
    };
    let immediate = setImmediate(turn);
    const tail = transport.tail({ since: cursors[0] });
    await take(tail, 5000);
    clearImmediate(immediate);
    expect(turns).toBeGreaterThanOrEqual(3);
  });

  it("a reader that appends for each event it reads does not starve timers", async () => {
    const { transport } = filled([]);
    const controller = new AbortController();
    const tail = transport.tail({ signal: controller.signal });
    append(transport, "e");
    setTimeout(() => controller.abort(), 1);
    for await (const _ of tail) append(transport, "e");
    expect(controller.signal.aborted).toBe(true);
  });

  it("append does not read for readers: they do it after it has returned", async () => {
    const { store, tail } = rawTail();
    const entry = vi.spyOn(store.ring, "entry");
    const next = tail.next();
    store.put("a", '{"event":"a"}', 0, 0);
    expect(entry).not.toHaveBeenCalled();
    expect(shown((await next).value)).toBe("a");
  });

  it("leaves nothing behind in the log when it ends while it waits", async () => {
    const { store, tail } = rawTail();
    const on = vi.spyOn(store, "onNext");
    const next = tail.next();
    const waiting = on.mock.lastCall?.[0];
    const off = vi.spyOn(store, "offNext");
    await tail.return();
    await next;
    expect(waiting).toBeTypeOf("function");
    expect(off).toHaveBeenCalledWith(waiting);
  });

  it("what cannot be read rejects the waiting next and ends the tail; nothing is left unhandled", async () => {
    const { transport } = filled([]);
    const tail = transport.tail();
    const next = tail.next();
    const broken = { json: "{", line: "{\n", bytes: new Uint8Array() };
    transport.append({ event: "a", ts: "", id: "" }, broken);
    await expect(next).rejects.toThrow(SyntaxError);
    expect(await tail.next()).toEqual({ done: true, value: undefined });
  });
});
