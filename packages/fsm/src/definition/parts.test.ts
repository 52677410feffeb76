import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readLoopSource } from "./loop-source.js";
import { locate, merge, type Part, toData, toWritten } from "./parts.js";

const partOf = (value: unknown): Part => {
  const source = readLoopSource("x.yaml", JSON.stringify(value));
  return { value: source.yaml.data, written: source.yaml.written, source, path: [] };
};
const merged = (base: unknown, over: unknown) => toData(merge(partOf(base), partOf(over), { left: 1e6 }));

/** A plain merge of plain data. */
function oracle(base: unknown, over: unknown): unknown {
  const isMapping = (value: unknown): value is Record<string, unknown> =>
    typeof value === "object" && value !== null && !Array.isArray(value);
  if (!isMapping(base) || !isMapping(over)) return over;
  const result = { ...base };
  for (const [key, value] of Object.entries(over)) {
    result[key] = Object.hasOwn(base, key) ? oracle(base[key], value) : value;
  }
  return result;
}

const leaf = fc.oneof(fc.integer(), fc.constantFrom("a", "", "yes"), fc.boolean(), fc.constant(null), fc.constant([1]));
const tree = fc.letrec((tie) => ({
  mapping: fc.dictionary(fc.constantFrom("a", "b", "c", "constructor"), tie("any"), { maxKeys: 4 }),
  any: fc.oneof({ maxDepth: 3 }, leaf, tie("mapping")),
}));
/** Here the name of a field says whether it is a mapping, as in loops. */
const loopLike = fc.letrec((tie) => ({
  mapping: fc
    .tuple(
      fc.dictionary(fc.constantFrom("a", "b"), leaf),
      fc.oneof({ maxDepth: 3 }, fc.constant({}), fc.dictionary(fc.constantFrom("m", "n"), tie("mapping"))),
    )
    .map(([leaves, mappings]) => ({ ...leaves, ...(mappings as object) })),
})).mapping;

describe("merging", () => {
  it("is what a plain merge of plain data is, and changes neither side", () => {
    fc.assert(
      fc.property(tree.any, tree.any, (base, over) => {
        const [left, right] = [partOf(base), partOf(over)];
        expect(toData(merge(left, right, { left: 1e6 }))).toEqual(oracle(base, over));
        expect([toData(left), toData(right)]).toEqual([base, over]);
      }),
    );
  });

  it("may be done in any order of steps, where a field is a mapping in all or in none", () => {
    fc.assert(
      fc.property(loopLike, loopLike, loopLike, (a, b, c) => {
        expect(merged(merged(a, b), c)).toEqual(merged(a, merged(b, c)));
      }),
    );
  });

  it("with nothing changes nothing, and twice is once", () => {
    fc.assert(
      fc.property(tree.mapping, tree.mapping, (a, b) => {
        expect([merged({}, a), merged(a, {}), merged(a, a)]).toEqual([a, a, a]);
        expect(merged(merged(a, b), b)).toEqual(merged(a, b));
      }),
    );
  });

  it("keeps for every value the text and the place that it has in its file", () => {
    fc.assert(
      fc.property(tree.mapping, tree.mapping, (base, over) => {
        const [left, right] = [partOf(base), partOf(over)];
        const whole = merge(left, right, { left: 1e6 });
        expect(toWritten(whole)).toEqual(oracle(toWritten(left), toWritten(right)));
        for (const path of leaves(toData(whole))) {
          const { source, line, column } = locate(whole, path, "value");
          const origin = at(right.value, path) === undefined ? left : right;
          expect(source).toBe(origin.source);
          expect({ line, column }).toEqual(origin.source.yaml.locate(path, "value"));
        }
      }),
    );
  });
});

function leaves(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [path];
  return Object.entries(value).flatMap(([key, item]) => leaves(item, [...path, key]));
}

function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (found, key) =>
      typeof found === "object" && found !== null && Object.hasOwn(found, key) ? (found as never)[key] : undefined,
    value,
  );
}
