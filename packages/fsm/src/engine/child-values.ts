import { LoopsError } from "@loops/core";
import { checkBindings, withDefaults } from "../definition/bindings.js";
import type { LoopDefinition, StateDefinition } from "../definition/types.js";
import type { PlannedChild } from "../step/types.js";

/**
 * Checks what a state gives to a child loop, `with`: where that could not be read with its parent, or has changed since,
 * what it takes is not known before.
 *
 * @throws LoopsError `LOOPS_PARAMETERS`
 */
export function checkGiven({ with: bindings }: StateDefinition, { name, parameters = {} }: LoopDefinition): void {
  if (bindings === undefined) return;
  const findings = checkBindings(bindings, parameters, name);
  if (findings.length === 0) return;
  throw new LoopsError("LOOPS_PARAMETERS", `[engine] "with": ${findings.map(({ message }) => message).join(" ")}`);
}

/** The values that a child is given over its own: what its state says, and for all else the defaults of its parameters. */
export function valuesGiven({ bindings }: PlannedChild, { parameters = {} }: LoopDefinition): Record<string, unknown> {
  return bindings === null ? {} : { ...withDefaults(bindings, parameters) };
}
