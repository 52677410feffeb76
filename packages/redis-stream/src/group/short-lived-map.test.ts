import fc from "fast-check";
import { expect, it } from "vitest";
import { ShortLivedMap } from "./short-lived-map.js";

it("holds what a Map would hold, however much comes and goes, and whatever stays", () => {
  const step = fc.tuple(fc.boolean(), fc.nat(400).map(String));
  fc.assert(
    fc.property(fc.array(step, { minLength: 1000, maxLength: 2000 }), (steps) => {
      const map = new ShortLivedMap<number>();
      const plain = new Map<string, number>();
      steps.forEach(([add, key], index) => {
        expect(map.get(key)).toBe(plain.get(key));
        if (!add) expect(map.delete(key)).toBe(plain.delete(key));
        else if (!plain.has(key)) {
          map.add(key, index);
          plain.set(key, index);
        }
      });
      expect([...map.values()].sort()).toEqual([...plain.values()].sort());
    }),
    { numRuns: 20 },
  );
});
