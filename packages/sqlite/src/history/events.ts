import type { LoopEvent } from "@loops/core";
import type { AnyKysely } from "../database/database-kind.js";
import { eventOf } from "./event-of.js";
import { checkedFilter, checkedLimit, isoOf, listOf, type Moment } from "./limits.js";

export interface EventFilter {
  readonly loop?: string | undefined;
  /** The event's own, or that in which its run was. */
  readonly state?: string | undefined;
  /** Name of the event, or several. */
  readonly event?: string | readonly string[] | undefined;
  readonly run?: string | undefined;
  /** Of runs that stand so. */
  readonly status?: string | readonly string[] | undefined;
  /**
   * Of runs in which something failed: an action ended with another exit code than 0, or the run ended as `failed` or
   * `timed_out`. With `state`: there.
   */
  readonly failed?: boolean | undefined;
  /** At or after. */
  readonly since?: Moment | undefined;
  /** Before. */
  readonly until?: Moment | undefined;
  /** The newest so many. @default 100 */
  readonly limit?: number | undefined;
}

export interface EventRecord {
  /** The order of arrival in this database. */
  readonly position: number;
  readonly loop: string | null;
  readonly run_id: string | null;
  readonly state: string | null;
  readonly event: LoopEvent;
}

const names = ["loop", "state", "event", "run", "status", "failed", "since", "until", "limit"] as const;

/** Newest first. */
export async function events(db: AnyKysely, filter?: EventFilter): Promise<EventRecord[]> {
  const { loop, state, event, run, status, failed, since, until, limit = 100 } = checkedFilter(filter, names);
  let query = db.selectFrom("events").select(["position", "loop", "run_id", "state", "json", "raw"]);
  if (loop !== undefined) query = query.where("loop", "=", loop);
  if (state !== undefined) query = query.where("state", "=", state);
  if (event !== undefined) query = query.where("event", "in", listOf(event));
  if (run !== undefined) query = query.where("run_id", "=", run);
  if (status !== undefined) {
    query = query.where("run_id", "in", db.selectFrom("runs").select("run_id").where("status", "in", listOf(status)));
  }
  if (failed === true) {
    query = query.where((where) =>
      where.or([where("run_id", "in", endedBadly(db, state)), where("run_id", "in", actedBadly(db, state))]),
    );
  }
  if (since !== undefined) query = query.where("ts", ">=", isoOf(since, "since"));
  if (until !== undefined) query = query.where("ts", "<", isoOf(until, "until"));
  const rows = await query.orderBy("position", "desc").limit(checkedLimit(limit)).execute();
  return rows.map(({ json, raw, position, ...row }) => ({
    ...row,
    position: Number(position),
    event: eventOf({ json, raw }),
  }));
}

function endedBadly(db: AnyKysely, state: string | undefined) {
  const query = db.selectFrom("runs").select("run_id").where("status", "in", ["failed", "timed_out"]);
  return state === undefined ? query : query.where("last_state", "=", state);
}

function actedBadly(db: AnyKysely, state: string | undefined) {
  const query = db
    .selectFrom("events")
    .select("run_id")
    .where("event", "=", "action_complete")
    .where("exit_code", "<>", 0);
  return state === undefined ? query : query.where("state", "=", state);
}
