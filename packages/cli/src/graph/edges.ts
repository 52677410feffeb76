import type { LoopDefinition, StateDefinition } from "@loops/fsm";

/** One way from state to state, with everything that leads along it. */
export interface Edge {
  readonly from: string;
  readonly to: string;
  /** `yes`, `no`, `next`, `retries used up`, … in the order of the file's fields. */
  readonly labels: readonly string[];
}

type Way = readonly [label: string, target: string | undefined];

/** The ways of a loop, state by state. Targets that are known only at run time lead to themselves as text. */
export function edgesOf({ states, initial, maintain }: LoopDefinition): readonly Edge[] {
  return Object.entries(states).flatMap(([from, state]) => {
    const labels = new Map<string, string[]>();
    const ways = state.terminal === true ? waysOn(state, initial, maintain === true) : waysOf(state);
    for (const [label, target] of ways) {
      if (target === undefined) continue;
      const to = target === "$current" ? from : target;
      labels.set(to, [...(labels.get(to) ?? []), label]);
    }
    return [...labels].map(([to, names]) => ({ from, to, labels: names }));
  });
}

function waysOf(state: StateDefinition): readonly Way[] {
  const giveUp: Way = ["retries used up", state.on_retry_exhausted];
  if (state.next !== undefined) return [["", state.next], ["error", state.on_error], giveUp];
  if (state.route !== undefined) {
    return [...Object.entries(state.route).map(([verdict, to]): Way => [verdictLabel(verdict), to]), giveUp];
  }
  return [
    ["yes", state.on_yes],
    ["no", state.on_no],
    ["error", state.on_error],
    ["partial", state.on_partial],
    ["blocked", state.on_blocked],
    ...Object.entries(state.on_verdict ?? {}),
    giveUp,
  ];
}

/** Of a terminal state: only a loop that is maintained goes on. */
function waysOn(state: StateDefinition, initial: string, maintain: boolean): readonly Way[] {
  return maintain ? [["maintain", state.on_maintain ?? initial]] : [];
}

function verdictLabel(verdict: string): string {
  return verdict === "_" ? "else" : verdict === "_error" ? "error" : verdict;
}
