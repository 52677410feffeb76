import { numberOf, recordOf, textOf } from "./fields.js";
import { type LoopShape, newRun, type Run, type RunPhase } from "./run.js";

/** A run in one record: how a snapshot says where it stands. All but the timeline. */
export type RunFrame = Readonly<Record<string, unknown>>;

/** The name of a frame on the wire, and of the entries of a live log that are none of the engine's. */
export const frameEvent = "state_change";

export function toFrame({ timeline: _, ...run }: Run): RunFrame {
  return run;
}

/**
 * What a frame says about a run: fields that it has win, those that it lacks stay. Frames come from other programs too:
 * what is of the wrong kind counts as absent.
 */
export function applyFrame(before: Run | undefined, frame: RunFrame): Run | undefined {
  const runId = textOf(frame, "run_id");
  if (runId === null) return before;
  const run = before ?? newRun(runId);
  const status = textOf(frame, "status") ?? run.status;
  const text = <Name extends keyof Run>(name: Name) => textOf(frame, name) ?? (run[name] as string | null);
  const { alive } = frame;
  return {
    ...run,
    loop: textOf(frame, "loop") ?? textOf(frame, "loop_name") ?? run.loop,
    parent_run_id: text("parent_run_id"),
    depth: numberOf(frame, "depth") ?? run.depth,
    status,
    alive: typeof alive === "boolean" ? alive : run.alive,
    phase: phaseOf(textOf(frame, "phase"), status) ?? run.phase,
    current_state: text("current_state"),
    iteration: numberOf(frame, "iteration") ?? run.iteration,
    started_at: text("started_at"),
    updated_at: text("updated_at"),
    terminated_by: text("terminated_by"),
    error: textOf(recordOf(frame, "error") ?? {}, "message") ?? text("error"),
    definition: shapeOf(recordOf(frame, "definition")) ?? run.definition,
    definition_hash: text("definition_hash"),
    edges: countsOf(recordOf(frame, "edges")) ?? run.edges,
    visits: countsOf(recordOf(frame, "visits")) ?? run.visits,
    verdicts: countsOf(recordOf(frame, "verdicts")) ?? run.verdicts,
    last_edge: text("last_edge"),
    visit_count: Math.max(numberOf(frame, "visit_count") ?? 0, run.visit_count),
  };
}

const phases: readonly string[] = ["ready", "acting", "acted", "ended"] satisfies readonly RunPhase[];

function phaseOf(phase: string | null, status: string): RunPhase | null {
  if (phase !== null && phases.includes(phase)) return phase as RunPhase;
  return status === "running" ? null : "ended";
}

function shapeOf(definition: Readonly<Record<string, unknown>> | null): LoopShape | null {
  if (definition === null || textOf(definition, "initial") === null) return null;
  const states = recordOf(definition, "states");
  if (states === null || Object.values(states).some((state) => typeof state !== "object" || state === null))
    return null;
  const shapes = Object.entries(states).map(([name, state]) => [name, fitting(state as object, stateKinds)] as const);
  return { ...fitting(definition, loopKinds), states: Object.fromEntries(shapes) } as unknown as LoopShape;
}

type Kinds = Readonly<Record<string, (value: unknown) => boolean>>;

const isText = (value: unknown) => typeof value === "string";
const isTexts = (value: unknown) =>
  typeof value === "object" && value !== null && !Array.isArray(value) && Object.values(value).every(isText);

const loopKinds: Kinds = {
  name: isText,
  max_iterations: Number.isFinite,
  maintain: (value) => typeof value === "boolean",
};

const stateTexts = [
  ...["action", "action_type", "loop", "next", "on_yes", "on_no", "on_error", "on_partial", "on_blocked"],
  ...["on_retry_exhausted", "on_maintain"],
];
const stateKinds: Kinds = {
  ...Object.fromEntries(stateTexts.map((name) => [name, isText])),
  terminal: (value) => typeof value === "boolean",
  route: isTexts,
  on_verdict: isTexts,
};

/** Without the fields of whose kind it is known that they are of another one. */
function fitting(record: object, kinds: Kinds): object {
  return Object.fromEntries(
    Object.entries(record).filter(([name, value]) => !Object.hasOwn(kinds, name) || kinds[name]?.(value) === true),
  );
}

function countsOf(record: Readonly<Record<string, unknown>> | null): Readonly<Record<string, number>> | null {
  if (record === null) return null;
  return Object.values(record).every((count) => typeof count === "number") ? (record as Record<string, number>) : null;
}
