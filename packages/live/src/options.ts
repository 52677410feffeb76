import { LoopsError, withDefaults } from "@loops/core";

/**
 * Bounds with their defaults: whole, and at least 1. `Infinity` is none.
 *
 * @throws LoopsError `LOOPS_CONFIG`
 */
export function boundsOf<D extends Record<string, number>>(given: object, defaults: D): D {
  const bounds = withDefaults("live", given, defaults);
  for (const name of Object.keys(defaults)) {
    const value = (bounds as Record<string, unknown>)[name] as number;
    if (value >= 1 && (Number.isInteger(value) || value === Number.POSITIVE_INFINITY)) continue;
    throw wrongOption("live", `${name} must be whole and at least 1, not ${value}`);
  }
  return bounds;
}

/** What was given for an option is of the wrong kind. */
export function wrongOption(where: string, message: string): LoopsError {
  return new LoopsError("LOOPS_CONFIG", `[${where}] ${message}`);
}

/** @throws LoopsError `LOOPS_CONFIG` unless `value` is a list of texts */
export function checkTexts(where: string, name: string, value: unknown): void {
  if (Array.isArray(value) && value.every((one) => typeof one === "string")) return;
  throw wrongOption(where, `${name} must be a list of texts`);
}

/** @throws LoopsError `LOOPS_CONFIG` unless `value` is a function */
export function checkFunction(where: string, name: string, value: unknown): void {
  if (typeof value !== "function") throw wrongOption(where, `${name} must be a function, not ${typeof value}`);
}
