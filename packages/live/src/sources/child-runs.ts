import type { StoredRun } from "@loops/core";
import { applyFrame } from "../model/frame.js";
import type { LoopShape, Run } from "../model/run.js";

/** The states of a run that run another loop, with how that is called, as far as it is no template. */
export function childLoopsOf(run: StoredRun): readonly { readonly state: string; readonly loop: string }[] {
  const shape = applyFrame(undefined, { run_id: run.run_id, definition: run["definition"] })?.definition;
  return shape ? ofShape(shape) : [];
}

function ofShape({ states }: LoopShape): readonly { readonly state: string; readonly loop: string }[] {
  return Object.entries(states).flatMap(([state, { loop }]) =>
    typeof loop === "string" ? [{ state, loop: nameOf(loop) }] : [],
  );
}

/** By convention a loop lies in a file of its name. */
function nameOf(path: string): string {
  return (path.split("/").at(-1) ?? path).replace(/(\.fsm)?\.ya?ml$/, "");
}

/** How often a state that runs another loop was left: so many children have been. */
export function childrenOf(run: Run): { readonly left: number; readonly loops: readonly string[] } {
  const states = run.definition === null ? [] : ofShape(run.definition);
  let left = 0;
  for (const [edge, count] of Object.entries(run.edges)) {
    if (states.some(({ state }) => edge.startsWith(`${state}->`))) left += count;
  }
  return { left, loops: [...new Set(states.map(({ loop }) => loop))] };
}
