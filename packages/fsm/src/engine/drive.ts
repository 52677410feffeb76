import { evaluate } from "../evaluators/evaluate.js";
import type { Evaluation, EvaluationRequest } from "../evaluators/evaluation.js";
import { toRunError } from "../step/run-error.js";
import { step } from "../step/step.js";
import type { Facts, PlannedChild, Step, StepInput } from "../step/types.js";
import { announce, failed, toInput } from "./act.js";
import { backOff } from "./back-off.js";
import { isPromise } from "./is-promise.js";
import { requireFreeScopeStill } from "./scope.js";
import type { Segment } from "./segment.js";
import { archiveEnded } from "./settle-children.js";
import { makeSuccessor } from "./successor.js";
import { Turns } from "./turns.js";

const advance: StepInput = { kind: "advance" };

/** Steps, commits and acts, until the run has ended. Waits for nothing that is there at once. */
export async function drive(
  segment: Segment,
  first: StepInput,
  runChild: (entry: Step, planned: PlannedChild) => Promise<StepInput>,
): Promise<void> {
  const { lease, journal } = segment;
  const turns = new Turns();
  let input = first;
  for (;;) {
    if (lease.state.phase === "ready" && turns.isOver()) await turns.next();
    const looking = look(segment);
    const facts = isPromise(looking) ? await looking : looking;
    const taken = step(lease.state.definition, lease.state, input, facts);
    const { next, events, delta } = taken;
    if (next.kind === "act") {
      const announcing = announce(segment, taken, next.action);
      const announced = isPromise(announcing) ? await announcing : announcing;
      if (!("start" in announced)) {
        input = announced;
        continue;
      }
      segment.deliverMeanwhile();
      try {
        // Here, and not in a function of its own: each costs another promise, for every action there is.
        const running = announced.start();
        input = toInput(isPromise(running) ? await running : running);
      } catch (error) {
        input = failed(next.action, error);
      }
      continue;
    }
    if (next.kind === "child") {
      input = await runChild(taken, next.child);
      continue;
    }
    if (events.length > 0) {
      const written = journal.commit(events, delta);
      if (written !== undefined) await written;
      if (segment.endedChild !== undefined) await archiveEnded(segment);
    }
    switch (next.kind) {
      case "done":
        return;
      case "advance":
        input = input.kind === "start" && lease.state.scope !== undefined ? await begin(segment) : advance;
        break;
      case "wait":
        segment.deliverMeanwhile();
        await backOff(segment, next.ms);
        input = advance;
        break;
      case "evaluate": {
        const judging = judge(next.request, segment);
        input = isPromise(judging) ? await judging : judging;
        break;
      }
      case "spawn":
        input = {
          kind: "spawned",
          pid: await makeSuccessor(segment, next.continuation),
          evaluation: next.evaluation,
          outcome: next.outcome,
        };
        break;
    }
  }
}

/** Others see a new run from its first commit on: only now can it be told which of two that began at once has the paths. */
async function begin({ lease, effects }: Segment): Promise<StepInput> {
  try {
    await requireFreeScopeStill(effects.store, lease.state);
    return advance;
  } catch (error) {
    return { kind: "failed", error: toRunError(error, lease.state.current_state) };
  }
}

/** A promise only where the store takes its time to say whether the run is to stop. */
function look(segment: Segment): Facts | Promise<Facts> {
  const { env } = segment.effects;
  const elapsedMs = segment.elapsedMs();
  const stopping = segment.stopRequested();
  if (typeof stopping === "boolean") return { elapsedMs, env, stopRequested: stopping };
  return stopping.then((stopRequested) => ({ elapsedMs, env, stopRequested }));
}

/** A promise only where the evaluator takes its time. */
function judge(request: EvaluationRequest, segment: Segment): StepInput | Promise<StepInput> {
  try {
    const answer = evaluate(request, segment.evaluators);
    return isPromise(answer)
      ? waitFor(answer, request, segment.actionSignal)
      : { kind: "evaluated", evaluation: answer };
  } catch (error) {
    return { kind: "failed", error: toRunError(error, request.state) };
  }
}

async function waitFor(
  answer: Promise<Evaluation>,
  { state }: EvaluationRequest,
  signal: AbortSignal,
): Promise<StepInput> {
  try {
    const evaluation = await answer;
    // Whatever it said then, it said because it was cut off: the result is judged again by whoever goes on.
    return signal.aborted ? { kind: "cancelled" } : { kind: "evaluated", evaluation };
  } catch (error) {
    return signal.aborted ? { kind: "cancelled" } : { kind: "failed", error: toRunError(error, state) };
  }
}
