import { statusByEnd } from "@loops/core/run-status";
import type { EventRow } from "./event-row.js";

/** What some events of one run change of its row in `runs`. What is `null` changes nothing. */
export interface RunChange {
  run_id: string;
  loop: string | null;
  parent_run_id: string | null;
  depth: number | null;
  iterations: number | null;
  /** `ts` of the first event, and of the last one. */
  started_at: string;
  updated_at: string;
  /** These three belong together, and count from `status_ts` on; `null` if no event told a status. */
  status: string | null;
  ended_at: string | null;
  error: string | null;
  /** Empty if no event told one. */
  status_ts: string;
  last_state: string | null;
  state_ts: string;
}

/** `outcome` is the word of older events, with two values of its own. */
const statuses: Readonly<Record<string, string>> = { ...statusByEnd, failed: "failed", exhausted: "failed" };

/**
 * One change for each run that the rows are about, in the order of their ids, so that two who write lock rows in the
 * same order. Made of any part of the events, in whatever order parts arrive: applying all of them gives the same row.
 */
export function runChanges(rows: Iterable<EventRow>): RunChange[] {
  const changes = new Map<string, RunChange>();
  for (const row of rows) {
    if (row.run_id === null) continue;
    const change = changes.get(row.run_id);
    if (change === undefined) changes.set(row.run_id, begun(row, row.run_id));
    else addTo(change, row);
  }
  return [...changes.values()].sort((a, b) => (a.run_id < b.run_id ? -1 : 1));
}

function begun(row: EventRow, runId: string): RunChange {
  const { loop, parent_run_id, depth, ts } = row;
  const empty = { iterations: null, status: null, ended_at: null, error: null, last_state: null };
  const change = { run_id: runId, loop, parent_run_id, depth, started_at: ts, updated_at: ts, ...empty };
  const result: RunChange = { ...change, status_ts: "", state_ts: "" };
  addTo(result, row);
  return result;
}

function addTo(change: RunChange, row: EventRow): void {
  const { ts, state } = row;
  change.loop ??= row.loop;
  change.parent_run_id ??= row.parent_run_id;
  change.depth ??= row.depth;
  if (ts < change.started_at) change.started_at = ts;
  if (ts > change.updated_at) change.updated_at = ts;
  if (state !== null && ts >= change.state_ts) {
    change.last_state = state;
    change.state_ts = ts;
  }
  const told = toldBy(row);
  if (told === undefined) return;
  const { iterations } = told;
  if (iterations !== null) change.iterations = Math.max(change.iterations ?? 0, iterations);
  if (told.status === undefined || ts < change.status_ts) return;
  const { status, error, ended } = told;
  Object.assign(change, { status, error, ended_at: ended ? ts : null, status_ts: ts });
}

interface Told {
  readonly iterations: number | null;
  readonly status?: string;
  readonly error: string | null;
  readonly ended: boolean;
}

/**
 * What an event says of its run as a whole. Its JSON is read only where the event is one of the few that do. A start
 * tells no status: a run of which nothing else is known runs, and one that has ended since has, whatever the clock did.
 */
function toldBy({ event, json }: EventRow): Told | undefined {
  if (event !== "loop_start" && event !== "loop_resume" && event !== "loop_complete" && event !== "state_enter") {
    return undefined;
  }
  const fields = JSON.parse(json) as Readonly<Record<string, unknown>>;
  const iterations = count(fields["iterations"]) ?? count(fields["iteration"]);
  if (event === "state_enter" || event === "loop_start") return { iterations, error: null, ended: false };
  if (event === "loop_resume") return { iterations, status: "running", error: null, ended: false };
  const { terminated_by: by, outcome, error } = fields;
  const how = typeof by === "string" ? by : outcome;
  const status = statuses[String(how)] ?? (error === undefined || error === null ? "completed" : "failed");
  return { iterations, status, error: errorText(error), ended: true };
}

function errorText(error: unknown): string | null {
  if (error === undefined || error === null) return null;
  if (typeof error !== "object") return String(error);
  const { type, message } = error as { type?: unknown; message?: unknown };
  if (typeof message !== "string") return JSON.stringify(error);
  return typeof type === "string" ? `${type}: ${message}` : message;
}

const count = (value: unknown): number | null =>
  Number.isInteger(value) && ((value as number) | 0) === value ? (value as number) : null;
