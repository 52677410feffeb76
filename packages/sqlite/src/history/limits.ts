import { LoopsError } from "@loops/core";
import { checkKnownOptions } from "@loops/core/names";

/** @throws LoopsError `LOOPS_CONFIG` unless it is a whole number, from 0 on, or `Infinity` */
export function checkedLimit(limit: unknown, name = "limit"): number {
  if (limit === Number.POSITIVE_INFINITY) return Number.MAX_SAFE_INTEGER;
  if (Number.isSafeInteger(limit) && (limit as number) >= 0) return limit as number;
  throw new LoopsError("LOOPS_CONFIG", `[sqlite] ${name} must be a whole number from 0, not ${String(limit)}`);
}

/**
 * A filter with a typo in it would find what nobody asked for.
 *
 * @throws LoopsError `LOOPS_CONFIG` naming what is not known, and what is likely meant
 */
export function checkedFilter<T extends object>(given: T | undefined, known: readonly (keyof T & string)[]): T {
  const filter = given ?? ({} as T);
  if (typeof filter !== "object") {
    throw new LoopsError("LOOPS_CONFIG", `[sqlite] options must be like { ${known[0]}: … }, not ${String(filter)}`);
  }
  checkKnownOptions("sqlite", filter, known);
  return filter;
}

/** One or several, to be looked for; of none nothing is found: `in ()` is no SQL everywhere. */
export function listOf(value: string | readonly string[]): readonly (string | null)[] {
  if (typeof value === "string") return [value];
  return value.length === 0 ? [null] : value;
}

/** A moment: a `Date`, or ISO 8601 text in UTC. */
export type Moment = Date | string;

/** @throws LoopsError `LOOPS_CONFIG` for what is no time */
export function isoOf(moment: Moment, name: string): string {
  const date = new Date(moment);
  if (!Number.isNaN(date.getTime())) return date.toISOString();
  throw new LoopsError("LOOPS_CONFIG", `[sqlite] ${name} must be a Date or an ISO 8601 time, not ${String(moment)}`);
}
