import type { ColumnType, Generated } from "kysely";

/** JSON: text on SQLite, and on PostgreSQL what its driver makes of `jsonb`. {@link eventOf} reads both. */
type JsonColumn = ColumnType<unknown, string, string>;

/** Every event, once. */
export interface EventsTable {
  /** The order of arrival in this database. */
  position: Generated<number>;
  /** Unique. Of an event without one: made here. */
  id: string;
  /** ISO 8601 UTC. */
  ts: string;
  event: string;
  loop: string | null;
  run_id: string | null;
  parent_run_id: string | null;
  depth: number | null;
  /** The event's own, else the state in which its run was. */
  state: string | null;
  verdict: string | null;
  exit_code: number | null;
  duration_ms: number | null;
  /** Which of the views has it: `loop`, `issue`, `tool`, `file`, `correction`. */
  kind: string | null;
  /** The whole event; NUL and lone surrogates, which databases refuse, are U+FFFD, and colours of terminals are left out. */
  json: JsonColumn;
  /** The exact text, only where `json` is not. */
  raw: string | null;
}

/** One row for each run that an event was about. */
export interface RunsTable {
  run_id: string;
  loop: string | null;
  parent_run_id: string | null;
  depth: number | null;
  /** `running`, `completed`, `failed`, `interrupted`, `awaiting_continuation`, `timed_out`. */
  status: string;
  iterations: number | null;
  last_state: string | null;
  started_at: string;
  ended_at: string | null;
  error: string | null;
  /** `ts` of the latest event. */
  updated_at: string;
  /** `ts` of the event that `status` is from; empty where no event has told it yet. */
  status_ts: string;
  /** `ts` of the event that `last_state` is from. */
  state_ts: string;
}

interface KindView {
  readonly id: number;
  readonly ts: string;
  readonly event_id: string;
  readonly run_id: string | null;
  readonly json: unknown;
  readonly raw: string | null;
}

export interface LoopEventsView extends KindView {
  readonly loop_name: string | null;
  readonly state: string | null;
  /** The name of the event. */
  readonly transition: string;
  readonly retries: number | null;
  /** Where a route led. */
  readonly next_state: string | null;
}

export interface IssueEventsView extends KindView {
  readonly issue_id: string | null;
  readonly transition: string | null;
  readonly discovered_by: string | null;
}

export interface ToolEventsView extends KindView {
  readonly session_id: string | null;
  readonly tool_name: string | null;
  readonly args_hash: string | null;
  readonly result_size: number | null;
  readonly bytes_in: number | null;
  readonly bytes_out: number | null;
  readonly cache_hit: number | null;
}

export interface FileEventsView extends KindView {
  readonly session_id: string | null;
  readonly path: string | null;
  readonly op: string | null;
  readonly issue_id: string | null;
  readonly git_sha: string | null;
}

export interface UserCorrectionsView extends KindView {
  readonly session_id: string | null;
  readonly content: string | null;
  readonly source: string | null;
}

/** The full text index on SQLite; on PostgreSQL a view with the same columns. */
export interface SearchIndex {
  readonly content: string;
  readonly kind: string;
  readonly ref: string;
  readonly anchor: string;
  readonly ts: string;
}

/** What `db` knows: two tables, and what is derived from them. */
export interface HistorySchema {
  meta: { key: string; value: string };
  events: EventsTable;
  runs: RunsTable;
  loop_events: LoopEventsView;
  issue_events: IssueEventsView;
  tool_events: ToolEventsView;
  file_events: FileEventsView;
  user_corrections: UserCorrectionsView;
  search_index: SearchIndex;
}
