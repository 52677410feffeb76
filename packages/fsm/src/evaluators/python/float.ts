import { strip } from "./text.js";

const digits = "\\d(?:_?\\d)*";
const finite = new RegExp(`^[+-]?(?:${digits}(?:\\.(?:${digits})?)?|\\.${digits})(?:[eE][+-]?${digits})?$`);
const special = /^([+-]?)(inf|infinity|nan)$/i;

/**
 * What `float(text.strip())` of Python gives: decimal numbers with an optional exponent, `_` between digits, `inf`, `infinity`
 * and `nan` in any case, white space around. `null` where it raises, as for `0x10`, `1,5` and the empty text.
 * Digits are those of ASCII only.
 */
export function pythonFloat(text: string): number | null {
  const trimmed = strip(text);
  if (finite.test(trimmed)) return Number(trimmed.replaceAll("_", ""));
  const [, sign, word] = special.exec(trimmed) ?? [];
  if (word === undefined) return null;
  if (word.toLowerCase() === "nan") return Number.NaN;
  return sign === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

/** A number of a loop file: as it is, or as text that is one. */
export function numberOf(value: unknown): number | null {
  if (typeof value === "number") return value;
  return typeof value === "string" ? pythonFloat(value) : null;
}

/** What JSON can hold of a number: nothing of `NaN` and the infinities, and no sign of zero. */
export function jsonNumber(value: number): number | null {
  return Number.isFinite(value) ? value + 0 : null;
}
