const reserved: ReadonlySet<string> = new Set([
  "event",
  "ts",
  "id",
  "run_id",
  "loop",
  "depth",
  "parent_run_id",
  "type",
  "verdict",
  // The store's own.
  "seq",
  "commit",
]);

/** An evaluator's details without those that would pose as a field of the event they are spread into. */
export function ownDetails(details: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(details).filter(([name]) => !reserved.has(name)));
}
