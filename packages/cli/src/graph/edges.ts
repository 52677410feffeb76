import type { LoopDefinition } from "@loops/fsm";
import { waysOf } from "@loops/fsm/graph";

/** One way from state to state, with everything that leads along it. */
export interface Edge {
  readonly from: string;
  readonly to: string;
  /** `yes`, `no`, `next`, `retries used up`, … in the order of the file's fields. */
  readonly labels: readonly string[];
}

/** The ways of a loop, state by state. Targets that are known only at run time lead to themselves as text. */
export function edgesOf(loop: LoopDefinition): readonly Edge[] {
  return Object.entries(loop.states).flatMap(([from, state]) => {
    const labels = new Map<string, string[]>();
    for (const [label, target] of waysOf(loop, state)) {
      if (target === undefined) continue;
      const to = target === "$current" ? from : target;
      labels.set(to, [...(labels.get(to) ?? []), label]);
    }
    return [...labels].map(([to, names]) => ({ from, to, labels: names }));
  });
}
