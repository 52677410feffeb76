import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HeldEntries, type HeldEntry } from "./held.js";

const given = (id: number, deliveries = 1) => ({ stream: "s", id: `${id}-0`, fields: [], deliveries });

describe("HeldEntries", () => {
  it("gives out what was left by others first, each in the order in which it came", () => {
    const held = new HeldEntries();
    for (const id of [1, 2]) held.add(given(id), false, 0);
    for (const id of [3, 4]) held.add(given(id), true, 0);
    expect([held.take(), held.take(), held.take(), held.take()].map((entry) => entry?.id)).toEqual([
      "3-0",
      "4-0",
      "1-0",
      "2-0",
    ]);
    expect(held.take()).toBeUndefined();
  });

  it("an entry that Redis hands over again while it is held is not begun twice, and counts the higher deliveries", () => {
    const held = new HeldEntries();
    held.add(given(1), false, 0);
    const entry = held.take();
    expect(held.add(given(1, 2), true, 7)).toBe(false);
    expect(held.take()).toBeUndefined();
    expect(entry).toMatchObject({ deliveries: 2, confirmedAt: 7, state: "running" });
  });

  it("whatever is added, taken, removed in whatever order: its numbers are those of a plain list", () => {
    const step = fc.tuple(fc.constantFrom("fresh", "claimed", "take", "finish", "remove"), fc.nat(9));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const held = new HeldEntries();
        const plain: HeldEntry[] = [];
        for (const [what, n] of steps) {
          if (what === "take") {
            const next = plain.filter(({ state }) => state === "queued").sort((a, b) => +b.claimed - +a.claimed)[0];
            expect(held.take()).toBe(next);
          } else if (what === "finish") {
            const entry = plain.filter(({ state }) => state === "running")[0];
            if (entry !== undefined) held.finish(entry, "handled");
          } else if (what === "remove") {
            const [entry] = plain.splice(n % Math.max(1, plain.length), 1);
            if (entry !== undefined) held.remove(entry);
          } else {
            const known = plain.some(({ id }) => id === `${n}-0`);
            expect(held.add(given(n), what === "claimed", 0)).toBe(!known);
            const entry = [...held].find(({ id }) => id === `${n}-0`);
            if (!known && entry !== undefined) plain.push(entry);
          }
          expect(held.size).toBe(plain.length);
          expect(held.queued).toBe(plain.filter(({ state }) => state === "queued").length);
          expect(held.running).toBe(plain.filter(({ state }) => state === "running").length);
          expect(held.acknowledging).toBe(plain.filter(({ state }) => state === "acknowledging").length);
          expect(held.unsettledClaims).toBe(plain.filter(({ claimed }) => claimed).length);
        }
      }),
    );
  });
});
