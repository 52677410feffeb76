import type { Finding } from "./problem.js";

/** Deeper than any loop, and far from where walking it could overflow the stack. */
const MAX_DEPTH = 100;

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
  return { data: copy(value, [], findings), findings };
}

function copy(value: unknown, path: readonly string[], findings: Finding[]): unknown {
  const refuse = (message: string) => {
    findings.push({ path, severity: "error", message });
    return null;
  };
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number") return Number.isFinite(value) ? value : refuse(`${value} cannot be stored; use text`);
  if (typeof value !== "object") return refuse(`a ${typeof value} is not data; use text, numbers, lists and mappings`);
  if (path.length > MAX_DEPTH) return refuse(`nested deeper than ${MAX_DEPTH} levels, or part of itself; flatten it`);
  if (Array.isArray(value)) return value.map((item, index) => copy(item, [...path, String(index)], findings));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    return refuse(
      `a ${value.constructor?.name ?? "class instance"} is not plain data; use text, numbers, lists and mappings`,
    );
  }
  const result: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    const at = [...path, key];
    if (item === undefined) continue;
    // Assigned as a property it would replace the prototype of whatever it lands on, here or in any later copy.
    if (key === "__proto__") {
      findings.push({
        path: at,
        at: "key",
        severity: "error",
        message: '"__proto__" cannot be used as a name; rename it',
      });
    } else result[key] = copy(item, at, findings);
  }
  return result;
}
