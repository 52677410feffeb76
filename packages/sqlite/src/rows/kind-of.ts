/** The seven events of a loop that its history has always had, and what an import makes of a state file. */
const lifecycle = new Set([
  "loop_start",
  "loop_resume",
  "loop_complete",
  "state_enter",
  "route",
  "retry_exhausted",
  "cycle_detected",
  "backfill",
]);

export const kinds = ["tool", "file", "issue", "loop", "correction"] as const;

/** What `recent` can be asked for; each is a view. */
export type Kind = (typeof kinds)[number];

/** Which view has an event, by its name: one of a loop's seven, or one of a host, such as `issue.closed`. */
export function kindOfEvent(event: string): Kind | null {
  if (lifecycle.has(event)) return "loop";
  const dot = event.indexOf(".");
  switch (dot === -1 ? event : event.slice(0, dot)) {
    case "issue":
      return "issue";
    case "tool":
      return "tool";
    case "file":
      return "file";
    case "correction":
    case "user_correction":
      return "correction";
    default:
      return null;
  }
}
