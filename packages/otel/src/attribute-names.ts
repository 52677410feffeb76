/**
 * Every attribute that spans, span events and metrics may have. Semantic conventions where they exist, `loops.*`
 * elsewhere. The README lists them, and a test holds the two together.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/registry/attributes/
 */
export const attr = {
  runId: "loops.run_id",
  loop: "loops.loop",
  depth: "loops.depth",
  parentRunId: "loops.parent_run_id",
  resumed: "loops.resumed",
  resent: "loops.resent",
  implied: "loops.implied",
  unfinished: "loops.unfinished",
  finalState: "loops.final_state",
  iterations: "loops.iterations",
  terminatedBy: "loops.terminated_by",
  errorType: "error.type",
  errorMessage: "loops.error.message",
  state: "loops.state",
  iteration: "loops.iteration",
  attempt: "loops.attempt",
  verdict: "loops.verdict",
  action: "loops.action",
  durationMs: "loops.action.duration_ms",
  exitCode: "process.exit.code",
  operation: "gen_ai.operation.name",
  outputPreview: "loops.output_preview",
  stderrPreview: "loops.stderr_preview",
  droppedOutput: "loops.dropped_output_lines",
  droppedEvents: "loops.dropped_events",
  evaluator: "loops.evaluator",
  from: "loops.from",
  to: "loops.to",
  reason: "loops.reason",
  retries: "loops.retries",
  next: "loops.next",
  edge: "loops.edge",
  count: "loops.count",
  max: "loops.max",
  continuation: "loops.continuation",
  successorPid: "loops.successor.pid",
  line: "loops.line",
  policy: "loops.policy",
  orphan: "loops.orphan",
  eventId: "loops.event.id",
} as const;

/** What an evaluator said beside its verdict, and fields that somebody added to an event: `loops.detail.<field>`. */
export const detailPrefix = "loops.detail.";

/** Fields of events that this sink is not about, with `otherEvents: "record"`: `loops.field.<field>`. */
export const fieldPrefix = "loops.field.";
