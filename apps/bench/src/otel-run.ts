import type { LoopEvent } from "@loops/core";

const ts = "2026-01-31T12:00:00.250Z";

/** Events of one run of a loop: a loop span, four states, four actions, and what happens in them. */
export function otelRun(run_id: string): LoopEvent[] {
  const base = { ts, id: "mk3x1a2b-5f0c9d7e4a1b-7", run_id, loop: "fix", depth: 0 };
  const state = (name: string, iteration: number, next: string): LoopEvent[] => [
    { event: "state_enter", ...base, state: name, iteration },
    { event: "action_start", ...base, action: "npm test", is_prompt: false },
    { event: "action_output", ...base, line: "3 failed" },
    { event: "action_complete", ...base, exit_code: 1, duration_ms: 120, output_preview: "3 failed", is_prompt: false },
    { event: "evaluate", ...base, type: "exit_code", verdict: "no", exit_code: 1 },
    { event: "route", ...base, from: name, to: next },
  ];
  return [
    { event: "loop_start", ...base },
    ...state("check", 1, "mend"),
    ...state("mend", 2, "check"),
    ...state("check", 3, "mend"),
    ...state("mend", 4, "done"),
    { event: "loop_complete", ...base, final_state: "done", iterations: 4, terminated_by: "terminal" },
  ];
}

/** Spans of one such run. */
export const spansOfRun = 9;
