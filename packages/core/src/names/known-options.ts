import { LoopsError } from "../errors.js";
import { closestName } from "./closest-name.js";

/**
 * Refuses options that nobody knows: a bound with a typo in its name would quietly not hold.
 *
 * @param where the sink or function, as it begins messages: `memory-log/http`
 * @throws LoopsError `LOOPS_CONFIG` naming the option, and the one that is likely meant
 */
export function checkKnownOptions(where: string, given: object, known: readonly string[]): void {
  for (const name of Object.keys(given)) {
    if (!known.includes(name)) throw new LoopsError("LOOPS_CONFIG", unknownOption(where, name, known));
  }
}

/** What to say of an option that nobody knows, with the one that is likely meant. */
export function unknownOption(where: string, name: string, known: readonly string[]): string {
  const meant = closestName(name, known);
  const hint = meant === undefined ? `known are ${known.join(", ")}` : `did you mean ${meant}?`;
  return `[${where}] the option ${name} is not known; ${hint}`;
}
