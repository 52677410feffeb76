import { parseHttpDate } from "./http-date.js";

/**
 * How long a `Retry-After` header asks to wait, in milliseconds and at most `maxMs`; `undefined` where it asks for
 * nothing: it is missing, malformed, 0, or a date that has passed. Pure.
 *
 * @param maxMs 0: no pause is obeyed
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
 */
export function retryAfterMs(header: string | null, nowMs: number, maxMs: number): number | undefined {
  const text = header?.trim() ?? "";
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : (parseHttpDate(text, nowMs) ?? 0) - nowMs;
  const bounded = Math.min(ms, maxMs);
  return bounded > 0 ? bounded : undefined;
}
