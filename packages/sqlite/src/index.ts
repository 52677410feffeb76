export { argsHash } from "./backfill/args-hash.js";
export type { BackfillResult, BackfillSource } from "./backfill/backfill.js";
export { createTransport } from "./create-transport.js";
export type { AnyKysely } from "./database/database-kind.js";
export type { DatabaseGiven } from "./database/open-database.js";
export type { OpenSqliteOptions } from "./database/open-sqlite.js";
export type { SqliteDriverName } from "./database/sqlite-connection.js";
export type { EventFilter, EventRecord } from "./history/events.js";
export type { Moment } from "./history/limits.js";
export { type History, type HistoryGiven, openHistory } from "./history/open-history.js";
export type { PruneOptions, PruneResult } from "./history/prune.js";
export type { RecentRow } from "./history/recent.js";
export type { RunActionDetail, RunDetail, RunDetailOptions, RunStateDetail } from "./history/run-detail.js";
export type { RunFilter, RunSummary } from "./history/runs.js";
export type { SearchHit, SearchOptions } from "./history/search.js";
export type { StateStats, StatsFilter } from "./history/stats.js";
export type { Kind } from "./rows/kind-of.js";
export type {
  EventsTable,
  FileEventsView,
  HistorySchema,
  IssueEventsView,
  LoopEventsView,
  RunsTable,
  SearchIndex,
  ToolEventsView,
  UserCorrectionsView,
} from "./schema/tables.js";
export type { SqliteTransportOptions } from "./sqlite-options.js";
export { type SqliteTransport, sqliteTransport } from "./sqlite-transport.js";
