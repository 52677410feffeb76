import { pythonNumber, pythonRepr } from "./interpolate-repr.js";

/**
 * How a value reads in a template: text as it is, nothing for `null`, everything else as the original system, which is
 * written in Python, writes it: `True`, `1e-05`, `['a', None]`. Only a float without a fraction cannot be told from an
 * integer here, and has no `.0`.
 *
 * @throws TypeError for a list or mapping that is part of itself
 */
export function renderValue(value: unknown): string {
  return value === null || value === undefined ? "" : pythonText(value);
}

/** `str(value)` of Python. */
export function pythonText(value: unknown): string {
  if (typeof value === "string") return value;
  return typeof value === "number" ? pythonNumber(value) : pythonRepr(value);
}

/** One line of JSON, with all text as it is. `null` for what JSON cannot hold. @throws TypeError for a cycle, a BigInt */
export function renderJson(value: unknown): string {
  return JSON.stringify(value) ?? "null";
}

/** One word for a POSIX shell, whatever is in it; bare where that is safe. */
export function quoteForShell(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'"'"'`)}'`;
}
