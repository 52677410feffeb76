import type { AnyKysely } from "../database/database-kind.js";
import { checkedFilter, checkedLimit, isoOf, listOf, type Moment } from "./limits.js";

export interface RunFilter {
  readonly loop?: string | undefined;
  /** `running`, `completed`, `failed`, `interrupted`, `awaiting_continuation`, `timed_out`. */
  readonly status?: string | readonly string[] | undefined;
  /** Started at or after. */
  readonly since?: Moment | undefined;
  /** Started before. */
  readonly until?: Moment | undefined;
  /** Newest first. @default 100 */
  readonly limit?: number | undefined;
}

/** How a run stands, as its events told it. */
export interface RunSummary {
  readonly run_id: string;
  readonly loop: string | null;
  readonly parent_run_id: string | null;
  readonly depth: number | null;
  readonly status: string;
  readonly iterations: number | null;
  readonly last_state: string | null;
  readonly started_at: string;
  readonly ended_at: string | null;
  readonly error: string | null;
  readonly updated_at: string;
}

export const summaryColumns = [
  "run_id",
  "loop",
  "parent_run_id",
  "depth",
  "status",
  "iterations",
  "last_state",
  "started_at",
  "ended_at",
  "error",
  "updated_at",
] as const satisfies readonly (keyof RunSummary)[];

const names = ["loop", "status", "since", "until", "limit"] as const;

export async function runs(db: AnyKysely, filter?: RunFilter): Promise<RunSummary[]> {
  const { loop, status, since, until, limit = 100 } = checkedFilter(filter, names);
  let query = db.selectFrom("runs").select(summaryColumns);
  if (loop !== undefined) query = query.where("loop", "=", loop);
  if (status !== undefined) query = query.where("status", "in", listOf(status));
  if (since !== undefined) query = query.where("started_at", ">=", isoOf(since, "since"));
  if (until !== undefined) query = query.where("started_at", "<", isoOf(until, "until"));
  const rows = await query.orderBy("started_at", "desc").orderBy("run_id", "desc").limit(checkedLimit(limit)).execute();
  // A driver may give objects without a prototype, which are equal to no others.
  return rows.map((row) => ({ ...row }));
}
