import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { closestName, editDistance } from "./closest-name.js";

/** The definition, without any cleverness. */
function oracle(a: string, b: string): number {
  if (a === "" || b === "") return a.length + b.length;
  const same = a.at(-1) === b.at(-1) ? 0 : 1;
  const options = [
    oracle(a.slice(0, -1), b) + 1,
    oracle(a, b.slice(0, -1)) + 1,
    oracle(a.slice(0, -1), b.slice(0, -1)) + same,
  ];
  const swapped = a.length > 1 && b.length > 1 && a.at(-1) === b.at(-2) && a.at(-2) === b.at(-1);
  return Math.min(...options, swapped ? oracle(a.slice(0, -2), b.slice(0, -2)) + 1 : Number.POSITIVE_INFINITY);
}

describe("the name that was meant", () => {
  it("is found by insertions, deletions, substitutions and swaps", () => {
    const word = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 5 });
    fc.assert(fc.property(word, word, (a, b) => editDistance(a, b) === oracle(a, b)));
  });

  const known = ["fail", "stall", "poison", "crash", "maxQueueItems", "log"];
  it.each([
    ["fial", "fail"],
    ["Stall", "stall"],
    ["posion", "poison"],
    ["maxQueueItem", "maxQueueItems"],
    ["logs", "log"],
  ])("of %s is %s", (name, meant) => expect(closestName(name, known)).toBe(meant));

  it.each(["", "x", "breaks", "undefined", "x".repeat(10_000)])("of a wholly other word is none", (name) => {
    expect(closestName(name, known)).toBeUndefined();
  });

  it("survives one letter too many, too few or wrong", () => {
    const long = "observeLagMs";
    fc.assert(
      fc.property(fc.nat(long.length - 1), fc.constantFrom("", "x", "xx"), (at, by) => {
        expect(closestName(long.slice(0, at) + by + long.slice(at + 1), [...known, long])).toBe(long);
      }),
    );
  });
});
