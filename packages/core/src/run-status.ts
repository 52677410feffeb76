/**
 * How a run stands once it has ended, by the `terminated_by` of its `loop_complete`. A contract between the engine, which
 * keeps it with the run, and those who know a run by its events alone.
 */
export const statusByEnd = {
  terminal: "completed",
  error: "failed",
  max_iterations: "interrupted",
  timeout: "timed_out",
  signal: "interrupted",
  handoff: "awaiting_continuation",
  cycle_detected: "failed",
} as const;
