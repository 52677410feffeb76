import { evaluate } from "../evaluators/evaluate.js";
import type { EvaluationRequest } from "../evaluators/evaluation.js";
import { toRunError } from "../step/run-error.js";
import { step } from "../step/step.js";
import type { Facts, Step, StepInput } from "../step/types.js";
import { act } from "./act.js";
import type { Segment } from "./segment.js";

const maxBusyMs = 5;

/** Steps, commits and acts, until the run has ended. */
export async function drive(segment: Segment, first: StepInput): Promise<void> {
  const { lease, journal, effects } = segment;
  let input = first;
  let idleAtMs = effects.clock.monotonicMs();
  for (;;) {
    // Actions that never wait would starve timers and signals.
    if (effects.clock.monotonicMs() - idleAtMs > maxBusyMs) {
      await new Promise((resolve) => setImmediate(resolve));
      idleAtMs = effects.clock.monotonicMs();
    }
    const facts = await factsOf(segment);
    const taken = step(lease.state.definition, lease.state, input, facts);
    if (taken.next.kind === "act") {
      input = await act(segment, taken, taken.next.action);
      continue;
    }
    await commit(journal, taken);
    if (taken.next.kind === "done") return;
    input = taken.next.kind === "evaluate" ? await judge(taken.next.request, segment) : { kind: "advance" };
  }
}

async function commit(journal: Segment["journal"], taken: Step): Promise<void> {
  if (taken.events.length > 0) await journal.commit(taken.events, taken.delta);
}

async function factsOf(segment: Segment): Promise<Facts> {
  return {
    elapsedMs: segment.elapsedMs(),
    env: segment.effects.env,
    stopRequested: await segment.stopRequested(),
  };
}

async function judge(request: EvaluationRequest, { actionSignal: signal }: Segment): Promise<StepInput> {
  const effects = { askModel: undefined, diffStat: noDiff, custom: {}, signal };
  try {
    return { kind: "evaluated", evaluation: await evaluate(request, effects) };
  } catch (error) {
    return { kind: "failed", error: toRunError(error, request.state) };
  }
}

const noDiff = () => Promise.reject(new Error("no differences are known"));
