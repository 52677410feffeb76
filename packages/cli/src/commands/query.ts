import type { EventRecord, RunSummary } from "@loops/sqlite";
import { type ExitCode, exitCode } from "../exit-code.js";
import { type HistoryPlaceOptions, withHistory } from "../open-history.js";
import { table } from "../table.js";
import { say, sayJson, type Terminal } from "../terminal.js";

export interface QueryOptions extends HistoryPlaceOptions {
  readonly loop?: string | undefined;
  readonly state?: string | undefined;
  readonly event: readonly string[];
  readonly run?: string | undefined;
  readonly status?: string | undefined;
  readonly since?: Date | undefined;
  readonly until?: Date | undefined;
  readonly failed?: boolean | undefined;
  readonly runs?: boolean | undefined;
  readonly limit: number;
  readonly json?: boolean | undefined;
}

/** The events that fit, or with `--runs` the runs; the newest ones, in the order in which they came. */
export function query(terminal: Terminal, options: QueryOptions): Promise<ExitCode> {
  const { loop, state, event, run, status, since, until, failed, limit, json } = options;
  return withHistory(terminal, options, async (history) => {
    if (options.runs === true) {
      const ended = failed === true ? ["failed", "timed_out"] : undefined;
      const found = await history.runs({ loop, status: status ?? ended, since, until, limit });
      showRuns(terminal, found.toReversed(), json);
    } else {
      const events = event.length === 0 ? undefined : event;
      const filter = { loop, state, event: events, run, status, since, until, failed, limit };
      showEvents(terminal, (await history.events(filter)).toReversed(), json);
    }
    return exitCode.ok;
  });
}

function showRuns(terminal: Terminal, runs: readonly RunSummary[], json: boolean | undefined): void {
  if (json === true) {
    for (const run of runs) sayJson(terminal, run);
    return;
  }
  const rows = runs.map((run) => [
    run.started_at,
    run.loop ?? "",
    run.status,
    run.last_state ?? "",
    run.iterations === null ? "" : `#${run.iterations}`,
    run.run_id,
    run.error ?? "",
  ]);
  for (const line of table([["STARTED", "LOOP", "STATUS", "STATE", "STEP", "RUN", "ERROR"], ...rows]))
    say(terminal, line);
}

function showEvents(terminal: Terminal, events: readonly EventRecord[], json: boolean | undefined): void {
  if (json === true) {
    for (const { event } of events) sayJson(terminal, event);
    return;
  }
  const rows = events.map(({ loop, state, event }) => [event.ts, loop ?? "", state ?? "", event.event, whatOf(event)]);
  for (const line of table([["TIME", "LOOP", "STATE", "EVENT", "WHAT"], ...rows])) say(terminal, line);
}

/** These have a column of their own, or say only which event it is. */
const shown = new Set(["event", "ts", "id", "loop", "run_id", "parent_run_id", "depth", "state"]);

/** What else an event says; of one that has a single text, as of a line of output, that text. */
function whatOf(event: Readonly<Record<string, unknown>>): string {
  const fields = Object.entries(event).filter(([key, value]) => !shown.has(key) && value !== null);
  const [only] = fields;
  if (fields.length === 1 && typeof only?.[1] === "string") return only[1];
  return fields.map(([key, value]) => `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`).join(" ");
}
