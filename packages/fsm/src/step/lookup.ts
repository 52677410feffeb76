import type { LoopDefinition, StateDefinition } from "../definition/types.js";

/** A state by its name, `undefined` if the loop has none: names such as `constructor` are no states. */
export function findState(definition: LoopDefinition, name: string): StateDefinition | undefined {
  return Object.hasOwn(definition.states, name) ? definition.states[name] : undefined;
}

/** The states of a loop, for an error message. */
export function knownStates(definition: LoopDefinition): string {
  return Object.keys(definition.states).join(", ");
}
