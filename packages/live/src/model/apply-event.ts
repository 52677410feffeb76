import type { LoopEvent } from "@loops/core";
import { statusByEnd } from "@loops/core/run-status";
import { clip } from "./clip.js";
import { numberOf, recordOf, textOf } from "./fields.js";
import { edgeKey, type Run, type Visit } from "./run.js";

/** Needed here for runs whose store nobody can ask. */
const statusOf: Readonly<Record<string, string>> = statusByEnd;

/**
 * What an event of the engine changes in its run; one of another kind changes only when the run was last heard of. Pure.
 *
 * @param maxVisits how many visits are kept
 */
export function applyEvent(before: Run, event: LoopEvent, maxVisits: number): Run {
  const run: Run = {
    ...before,
    loop: textOf(event, "loop") ?? before.loop,
    parent_run_id: textOf(event, "parent_run_id") ?? before.parent_run_id,
    depth: numberOf(event, "depth") ?? before.depth,
    updated_at: event.ts,
    started_at: before.started_at ?? event.ts,
  };
  switch (event.event) {
    case "loop_start":
      return { ...run, status: "running", alive: true, started_at: event.ts };
    case "loop_resume":
      return {
        ...withNote(run, "resumed"),
        status: "running",
        alive: true,
        phase: "ready",
        terminated_by: null,
        error: null,
        current_state: textOf(event, "from_state") ?? run.current_state,
        iteration: numberOf(event, "iteration") ?? run.iteration,
      };
    case "state_enter":
      return entered(run, event, maxVisits);
    case "action_start":
      return changed({ ...run, phase: "acting" }, { action: clipped(event, "action", maxText), action_at: event.ts });
    case "action_complete":
      return changed(
        { ...run, phase: "acted" },
        {
          duration_ms: numberOf(event, "duration_ms"),
          exit_code: numberOf(event, "exit_code"),
          output: clipped(event, "stderr_preview", -maxText) ?? clipped(event, "output_preview", -maxText),
        },
      );
    case "evaluate": {
      const verdict = textOf(event, "verdict") ?? "?";
      return changed({ ...run, phase: "acted", verdicts: counted(run.verdicts, verdict) }, { verdict });
    }
    case "route":
      return went(run, event, textOf(event, "from"), textOf(event, "to"));
    case "retry_exhausted":
      return went(withNote(run, "retries used up"), event, textOf(event, "state"), textOf(event, "next"));
    case "action_in_doubt":
      return withNote(run, "in doubt");
    case "cycle_detected":
      return withNote(run, "cycle");
    case "handoff_detected":
      return withNote(run, "handed over");
    case "loop_complete": {
      const by = textOf(event, "terminated_by") ?? "terminal";
      const final = textOf(event, "final_state") ?? run.current_state;
      const ended: Run = {
        ...run,
        status: (Object.hasOwn(statusOf, by) ? statusOf[by] : undefined) ?? "completed",
        alive: false,
        phase: "ended",
        terminated_by: by,
        current_state: final,
        iteration: numberOf(event, "iterations") ?? run.iteration,
        error: textOf(recordOf(event, "error") ?? {}, "message"),
      };
      return run.timeline.at(-1)?.left_at === null ? changed(ended, { left_at: event.ts }) : ended;
    }
    default:
      return run;
  }
}

function entered(run: Run, event: LoopEvent, maxVisits: number): Run {
  const state = textOf(event, "state") ?? "?";
  const attempt = numberOf(event, "attempt") ?? 1;
  const visit: Visit = {
    key: run.visit_count,
    state,
    iteration: numberOf(event, "iteration") ?? run.iteration,
    attempt,
    entered_at: event.ts,
    left_at: null,
    action: null,
    action_at: null,
    duration_ms: null,
    exit_code: null,
    output: null,
    verdict: null,
    to: null,
    notes: [],
  };
  return {
    ...run,
    status: "running",
    alive: true,
    phase: "ready",
    current_state: state,
    iteration: visit.iteration,
    // Entered anew after a crash is not entered twice.
    visits: attempt > 1 && Object.hasOwn(run.visits, state) ? run.visits : counted(run.visits, state),
    timeline: [...run.timeline.slice(Math.max(0, run.timeline.length + 1 - maxVisits)), visit],
    visit_count: run.visit_count + 1,
  };
}

function went(run: Run, event: LoopEvent, from: string | null, to: string | null): Run {
  if (from === null || to === null) return run;
  const edge = edgeKey(from, to);
  const next: Run = { ...run, phase: "ready", current_state: to, last_edge: edge, edges: counted(run.edges, edge) };
  const last = run.timeline.at(-1);
  return last?.state === from && last.to === null ? changed(next, { to, left_at: event.ts }) : next;
}

/** The present visit, changed. */
function changed(run: Run, change: Partial<Visit>): Run {
  const last = run.timeline.at(-1);
  return last === undefined ? run : { ...run, timeline: [...run.timeline.slice(0, -1), { ...last, ...change }] };
}

function withNote(run: Run, note: string): Run {
  const last = run.timeline.at(-1);
  return last === undefined ? run : changed(run, { notes: [...last.notes, note] });
}

/** Letters kept of an action, and of what it printed: a step is kept longer than its events. */
const maxText = 20_000;

function clipped(event: LoopEvent, name: string, max: number): string | null {
  const text = textOf(event, name);
  return text === null ? null : clip(text, max);
}

/** Names that are counted of each kind: other programs, too, may call their events so, with a new name each time. */
const maxCounted = 1000;

function counted(counts: Readonly<Record<string, number>>, key: string): Readonly<Record<string, number>> {
  if (!Object.hasOwn(counts, key) && Object.keys(counts).length >= maxCounted) return counts;
  return { ...counts, [key]: (Object.hasOwn(counts, key) ? (counts[key] ?? 0) : 0) + 1 };
}
