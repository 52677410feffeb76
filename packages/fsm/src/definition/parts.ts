import { part as member } from "./as-written.js";
import type { LoopSource } from "./loop-source.js";
import { isPlainObject } from "./plain-data.js";
import type { Position } from "./yaml-source.js";

/**
 * A value of a loop that is put together from several files, with where it came from. Lazy: only mappings in which
 * parts of different origin meet have `fields`; below all others is what stands in their file.
 */
export interface Part {
  /** Plain data; of no meaning where there are `fields`. */
  readonly value: unknown;
  /** The same with every scalar as it is written. */
  readonly written: unknown;
  readonly source: LoopSource;
  readonly path: readonly string[];
  readonly fields?: ReadonlyMap<string, Part>;
}

/** How many fields may yet be put together: the bound for fragments of many fields in many states. */
export interface MergeBudget {
  left: number;
}

/** Thrown where {@link MergeBudget} is used up, to be caught by `expand`. */
export class TooMuchToMerge extends Error {}

/** The fields of a mapping; `null` for anything else. */
export function fieldsOf(part: Part): ReadonlyMap<string, Part> | null {
  if (part.fields !== undefined) return part.fields;
  if (!isPlainObject(part.value)) return null;
  return new Map(Object.keys(part.value).map((key) => [key, childOf(part, key)]));
}

/** The items of a list; `null` for anything else. */
export function itemsOf(part: Part): readonly Part[] | null {
  if (part.fields !== undefined || !Array.isArray(part.value)) return null;
  return part.value.map((_, index) => childOf(part, String(index)));
}

function childOf({ value, written, source, path }: Part, key: string): Part {
  return { value: member(value, key), written: member(written, key), source, path: [...path, key] };
}

/** A mapping with these fields in the place of `part`. */
export function withFields(part: Part, fields: ReadonlyMap<string, Part>): Part {
  return { ...part, fields };
}

export function without(part: Part, ...names: readonly string[]): Part {
  const fields = fieldsOf(part);
  if (fields === null || !names.some((name) => fields.has(name))) return part;
  return withFields(part, new Map([...fields].filter(([name]) => !names.includes(name))));
}

/**
 * `over` on top of `base`: mappings are merged field by field, however deep; of everything else, lists and nothing
 * included, `over` wins. Neither is changed.
 */
export function merge(base: Part, over: Part, budget: MergeBudget): Part {
  const [below, above] = [fieldsOf(base), fieldsOf(over)];
  if (below === null || above === null) return over;
  budget.left -= below.size + above.size;
  if (budget.left < 0) throw new TooMuchToMerge();
  const fields = new Map(below);
  for (const [key, part] of above) {
    const under = fields.get(key);
    fields.set(key, under === undefined ? part : merge(under, part, budget));
  }
  return withFields(over, fields);
}

export function toData(part: Part): unknown {
  return collect(part, ({ value }) => value);
}

export function toWritten(part: Part): unknown {
  return collect(part, ({ written }) => written);
}

function collect(part: Part, of: (leaf: Part) => unknown): unknown {
  if (part.fields === undefined) return of(part);
  return Object.fromEntries([...part.fields].map(([key, field]) => [key, collect(field, of)]));
}

/** Where the value at `path` of a part was written, or its key; where there is none, where it would belong. */
export function locate(root: Part, path: readonly string[], at: "key" | "value"): Position & { source: LoopSource } {
  let part = root;
  let depth = 0;
  for (; depth < path.length; depth++) {
    const field = part.fields?.get(path[depth] ?? "");
    if (field === undefined) break;
    part = field;
  }
  const { source } = part;
  return { source, ...source.yaml.locate([...part.path, ...path.slice(depth)], at) };
}
