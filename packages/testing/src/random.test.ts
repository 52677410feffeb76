import fc from "fast-check";
import { expect, it } from "vitest";
import { Random } from "./random.js";

const seeds = fc.integer({ min: 0, max: 2 ** 32 - 1 });

it("the same seed gives the same numbers again, within the limit", () => {
  fc.assert(
    fc.property(seeds, fc.array(fc.integer({ min: 1, max: 1_000_000 })), (seed, limits) => {
      const [first, second] = [new Random(seed), new Random(seed)];
      for (const limit of limits) {
        const drawn = first.below(limit);
        expect(second.below(limit)).toBe(drawn);
        expect(Number.isInteger(drawn) && drawn >= 0 && drawn < limit).toBe(true);
      }
    }),
  );
});

it("every choice has its turn", () => {
  fc.assert(
    fc.property(seeds, (seed) => {
      const random = new Random(seed);
      const drawn = new Set(Array.from({ length: 300 }, () => random.pick(["a", "b", "c", "d"])));
      expect(drawn.size).toBe(4);
    }),
  );
});

it("knows whether anything was drawn", () => {
  const random = new Random(7);
  expect(random.used).toBe(false);
  random.pick(["a"]);
  expect(random.used).toBe(true);
});
