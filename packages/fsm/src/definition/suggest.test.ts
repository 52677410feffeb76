import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { closest, didYouMean, editDistance, listNames } from "./suggest.js";

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

describe("suggestions", () => {
  it("count insertions, deletions, substitutions and swaps", () => {
    const word = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 5 });
    fc.assert(fc.property(word, word, (a, b) => editDistance(a, b) === oracle(a, b)));
  });

  it("name what is near, and nothing else", () => {
    expect(closest("chekc", ["fix", "check", "done"])).toBe("check");
    expect(closest("CHECK", ["check"])).toBe("check");
    expect(closest("repair", ["fix", "check", "done"])).toBeNull();
    expect(closest("x".repeat(10_000), ["x"])).toBeNull();
    expect(didYouMean("fxi", ["fix"])).toBe(' Did you mean "fix"?');
    expect(didYouMean("zzz", ["fix"])).toBe("");
  });

  it("list names without end only as a number", () => {
    expect(listNames(["a", "b c"])).toBe('a, "b c"');
    expect(listNames(Array.from({ length: 25 }, (_, n) => `s${n}`))).toMatch(/s19, \.\.\. \(25 in all\)$/);
  });
});
