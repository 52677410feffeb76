/**
 * The kinds that the envelope was made for. Others are carried just the same. Dotted lower case, so that the globs of
 * core match families of them: `agent.*`.
 */
export const wireKinds = [
  "arena.start",
  "arena.complete",
  "arena.error",
  "phase.start",
  "phase.complete",
  "phase.error",
  "agent.start",
  "agent.complete",
  "agent.signal",
  "agent.error",
  "decision.emit",
  "source.fetch",
  "source.error",
  "llm.call",
  "llm.error",
  "control.command",
  "control.ack",
  "action.emit",
  "system.status",
] as const;

/** One of {@link wireKinds}. */
export type WireKind = (typeof wireKinds)[number];
