import type { LoopDefinition } from "@loops/fsm";
import { parseContext } from "./context-values.js";
import { requireContext } from "./missing-context.js";

/**
 * What a loop is started with: its input, the values of `--context` over that, and for what nobody gave the defaults of
 * its parameters.
 *
 * @throws LoopsError `LOOPS_USAGE` for a value that is none, and for one that the loop needs and nobody gave
 */
export function runContext(
  definition: LoopDefinition,
  input: string | undefined,
  values: readonly string[],
): Readonly<Record<string, unknown>> {
  const given = { ...(input === undefined ? {} : { [definition.input_key]: input }), ...parseContext(values) };
  const context = { ...defaultsOf(definition), ...given };
  requireContext(definition, context);
  return context;
}

/** Of the parameters for which the loop's own context has no value. */
function defaultsOf({ parameters = {}, context }: LoopDefinition): Readonly<Record<string, unknown>> {
  const entries = Object.entries(parameters).filter(
    ([name, { default: value }]) => value !== undefined && !Object.hasOwn(context, name),
  );
  return Object.fromEntries(entries.map(([name, { default: value }]) => [name, value]));
}
