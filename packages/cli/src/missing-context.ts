import type { LoopDefinition } from "@loops/fsm";
import { badInput } from "./bad-input.js";

/** A reference to the context in a template, that has no default; `$${` is no reference. */
const reference = /(\$?)\$\{context\.([A-Za-z_][\w-]*)((?:\.[^}:]*)?)((?::[^}]*)?)\}/g;

/**
 * A loop that needs a value which nobody gave would end with an error when it gets there: better before it begins.
 *
 * @throws LoopsError `LOOPS_USAGE` that names every missing key and where it is used
 */
export function requireContext(definition: LoopDefinition, given: Readonly<Record<string, unknown>>): void {
  const missing = new Map<string, string>();
  for (const [state, { action }] of Object.entries(definition.states)) {
    for (const [, escaped, key, , filters] of (action ?? "").matchAll(reference)) {
      if (escaped === "$" || key === undefined || filters?.includes(":default=") === true) continue;
      if (!Object.hasOwn(given, key) && !Object.hasOwn(definition.context, key) && !missing.has(key)) {
        missing.set(key, state);
      }
    }
  }
  if (missing.size === 0) return;
  const lines = [...missing].map(([key, state]) => `  ${key} (state ${state}): give it with --context ${key}=…`);
  throw badInput(`The loop "${definition.name}" needs values that nobody gave:\n${lines.join("\n")}`);
}
