import type { Finding } from "./problem.js";

/** Deeper than any loop, and far from where walking it could overflow the stack. */
const MAX_DEPTH = 100;
/** More values than a file of the size that is read can hold: the bound for data that shares its parts many times over. */
const MAX_VALUES = 1_000_000;

export type PlainObject = { readonly [key: string]: unknown };

export function isPlainObject(value: unknown): value is PlainObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The own property `key` of `object`: never what its prototype has. */
export function own(object: PlainObject, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/**
 * A deep copy that is what its JSON would be, with a finding for each part that JSON cannot hold: a loop is stored with
 * each run, and must come back as it was. Properties that are `undefined` are left out.
 */
export function toPlainData(value: unknown): { data: unknown; findings: Finding[] } {
  const findings: Finding[] = [];
  const copying: Copying = { findings, ancestors: new Set(), left: MAX_VALUES };
  const data = copy(value, [], copying);
  if (copying.left <= 0) {
    const message = `more than ${MAX_VALUES} values, counting again what is shared; make it smaller`;
    return { data: null, findings: [{ path: [], severity: "error", message }] };
  }
  return { data, findings };
}

interface Copying {
  readonly findings: Finding[];
  /** What the value being copied is part of. */
  readonly ancestors: Set<object>;
  /** How many more values may be copied. */
  left: number;
}

function copy(value: unknown, path: readonly string[], copying: Copying): unknown {
  const refuse = (message: string) => {
    copying.findings.push({ path, severity: "error", message });
    return null;
  };
  if (copying.left-- <= 0) return null;
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number") return Number.isFinite(value) ? value : refuse(`${value} cannot be stored; use text`);
  if (typeof value !== "object") return refuse(`a ${typeof value} is not data; use text, numbers, lists and mappings`);
  if (copying.ancestors.has(value)) return refuse("this is part of itself, without end; write it out");
  if (path.length > MAX_DEPTH) return refuse(`nested deeper than ${MAX_DEPTH} levels; flatten it`);
  copying.ancestors.add(value);
  const copied = Array.isArray(value)
    ? Array.from(value, (item, index) => copy(item, [...path, String(index)], copying))
    : copyMapping(value, path, copying);
  copying.ancestors.delete(value);
  return copied;
}

function copyMapping(value: object, path: readonly string[], copying: Copying): unknown {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    const kind = value.constructor?.name ?? "class instance";
    const message = `a ${kind} is not plain data; use text, numbers, lists and mappings`;
    copying.findings.push({ path, severity: "error", message });
    return null;
  }
  const result: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    const at = [...path, key];
    if (item === undefined) continue;
    // Assigned as a property it would replace the prototype of whatever it lands on, here or in any later copy.
    if (key === "__proto__") {
      const message = '"__proto__" cannot be used as a name; rename it';
      copying.findings.push({ path: at, at: "key", severity: "error", message });
    } else result[key] = copy(item, at, copying);
  }
  return result;
}
