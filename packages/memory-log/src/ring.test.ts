import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { Ring, type RingBounds } from "./ring.js";

const unbounded: RingBounds = {
  ttlMs: Number.POSITIVE_INFINITY,
  maxEntries: Number.POSITIVE_INFINITY,
  maxBytes: Number.POSITIVE_INFINITY,
};

function fill(ring: Ring, count: number, text = "{}"): void {
  for (let i = 0; i < count; i++) ring.push("k", text, 0, 0);
}

function residents(ring: Ring): number[] {
  return Array.from({ length: ring.next - ring.first }, (_, i) => ring.first + i);
}

describe("Ring", () => {
  it("gives ids from 1 on, and finds each entry again while it grows", () => {
    const ring = new Ring(unbounded);
    for (let id = 1; id <= 1000; id++) expect(ring.push("k", `"${id}"`, 0, id)).toBe(id);
    for (let id = 1; id <= 1000; id++)
      expect(ring.entry(id)).toEqual({ kind: "k", text: `"${id}"`, form: 0, timeMs: id });
  });

  it("M-10: keeps an entry that is exactly as old as allowed, and evicts an older one", () => {
    const ring = new Ring({ ...unbounded, ttlMs: 100 });
    ring.push("k", "{}", 0, 1000);
    ring.sweep(1100);
    expect(residents(ring)).toEqual([1]);
    ring.sweep(1100.001);
    expect(residents(ring)).toEqual([]);
  });

  it("M-10: evicts by age before it evicts by number, the oldest first", () => {
    const ring = new Ring({ ...unbounded, ttlMs: 10, maxEntries: 2 });
    ring.push("old", "{}", 0, 0);
    ring.push("new", "{}", 0, 20);
    ring.push("new", "{}", 0, 20);
    expect(ring.evicted).toEqual({ age: 1, entries: 0, bytes: 0 });
    ring.push("new", "{}", 0, 20);
    expect(ring.evicted).toEqual({ age: 1, entries: 1, bytes: 0 });
    expect(residents(ring)).toEqual([3, 4]);
  });

  it("never keeps more text than its byte bound, and evicts no more than needed for that", () => {
    const ring = new Ring({ ...unbounded, maxBytes: 100 });
    fill(ring, 3, "x".repeat(20));
    expect([ring.bytes, residents(ring)]).toEqual([80, [2, 3]]);
    fill(ring, 1, "x".repeat(10));
    expect([ring.bytes, residents(ring)]).toEqual([100, [2, 3, 4]]);
    expect(ring.evicted).toEqual({ age: 0, entries: 0, bytes: 1 });
  });

  it("counts a text that is over the byte bound by itself as evicted, and goes on with the next id", () => {
    const ring = new Ring({ ...unbounded, maxBytes: 10 });
    fill(ring, 1, "x".repeat(6));
    expect([ring.bytes, residents(ring), ring.evicted.bytes]).toEqual([0, [], 1]);
    expect(ring.push("k", "{}", 0, 0)).toBe(2);
  });

  it("M-4: ids go on after clear, and what was cleared is counted", () => {
    const ring = new Ring(unbounded);
    fill(ring, 3);
    ring.clear();
    expect([ring.first, ring.next, ring.bytes, ring.cleared]).toEqual([4, 4, 0, 3]);
    expect(ring.push("k", "{}", 0, 0)).toBe(4);
  });

  it("refuses to read an entry that is gone or not there yet", () => {
    const ring = new Ring({ ...unbounded, maxEntries: 2 });
    fill(ring, 3);
    expect(() => ring.entry(1)).toThrow(RangeError);
    expect(() => ring.entry(4)).toThrow("entry 4 is not resident (2 to 3 are)");
  });

  it("takes an odd byte bound at its word", () => {
    const ring = new Ring({ ...unbounded, maxBytes: 101 });
    fill(ring, 2, "x".repeat(25));
    expect(residents(ring)).toEqual([1, 2]);
    fill(ring, 1, "x");
    expect(residents(ring)).toEqual([2, 3]);
  });

  it("lets go of the text of an evicted entry", () => {
    const ring = new Ring({ ...unbounded, maxEntries: 1 });
    const before = heapBytes();
    for (let i = 0; i < 60; i++) ring.push("k", JSON.stringify(`${i}`.padEnd(2 ** 20)), 0, 0);
    expect(heapBytes() - before).toBeLessThan(20 * 2 ** 20);
    expect(ring.bytes).toBeGreaterThan(2 ** 21);
  });
});

/** What is in use once all garbage is gone. */
function heapBytes(): number {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
  return process.memoryUsage().heapUsed;
}
