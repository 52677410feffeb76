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

type Details = Readonly<Record<string, unknown>>;

/** An evaluator's details without those that would pose as a field of the event they are spread into. */
export function ownDetails(details: Details): Details {
  for (const name in details) if (reserved.has(name)) return withoutReserved(details);
  return details;
}

function withoutReserved(details: Details): Details {
  return Object.fromEntries(Object.entries(details).filter(([name]) => !reserved.has(name)));
}
