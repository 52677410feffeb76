import { LoopsError } from "@loops/core";
import { closestName } from "@loops/core/names";

/**
 * @param what begins the message: '[sink] the capability'
 * @throws LoopsError `LOOPS_CONFIG` that names what was probably meant
 */
export function requireKnownName(what: string, name: unknown, known: readonly string[]): void {
  if (typeof name === "string" && known.includes(name)) return;
  const meant = closestName(String(name), known);
  const hint = meant === undefined ? "" : ` did you mean "${meant}"?`;
  throw new LoopsError("LOOPS_CONFIG", `${what} "${String(name)}" is unknown;${hint} known: ${known.join(", ")}`);
}
