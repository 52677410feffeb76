import { sql } from "kysely";
import type { AnyKysely } from "../database/database-kind.js";
import { checkedFilter, isoOf, type Moment } from "./limits.js";

export interface StatsFilter {
  readonly loop?: string | undefined;
  readonly since?: Moment | undefined;
  readonly until?: Moment | undefined;
}

/** What the actions of one state of a loop came to. */
export interface StateStats {
  readonly loop: string | null;
  readonly state: string | null;
  /** Actions that ended. */
  readonly count: number;
  /** Those with another exit code than 0. */
  readonly failures: number;
  /** Between 0 and 1. */
  readonly failure_rate: number;
  /** Half of the actions took at most so long (nearest rank); `null` if none told how long it took. */
  readonly p50_ms: number | null;
  readonly p95_ms: number | null;
}

/** By loop and state, in their order. */
export async function stats(db: AnyKysely, filter?: StatsFilter): Promise<StateStats[]> {
  const { loop, since, until } = checkedFilter(filter, ["loop", "since", "until"]);
  let actions = db.selectFrom("events").where("event", "=", "action_complete");
  if (loop !== undefined) actions = actions.where("loop", "=", loop);
  if (since !== undefined) actions = actions.where("ts", ">=", isoOf(since, "since"));
  if (until !== undefined) actions = actions.where("ts", "<", isoOf(until, "until"));
  const ranked = actions.select([
    "loop",
    "state",
    "exit_code",
    "duration_ms",
    // Those without a duration come last, behind every rank that is asked for.
    sql<number>`row_number() over (partition by loop, state order by duration_ms is null, duration_ms)`.as("place"),
    sql<number>`count(duration_ms) over (partition by loop, state)`.as("timed"),
  ]);
  // In whole numbers, so that both databases come to the same rank.
  const percentile = (percent: number) =>
    sql<number | null>`max(case when place = (timed * ${sql.lit(percent)} + 99) / 100 then duration_ms end)`;
  const rows = await db
    .selectFrom(ranked.as("actions"))
    .select([
      "loop",
      "state",
      sql<number>`count(*)`.as("count"),
      sql<number>`count(case when exit_code <> 0 then 1 end)`.as("failures"),
      percentile(50).as("p50_ms"),
      percentile(95).as("p95_ms"),
    ])
    .groupBy(["loop", "state"])
    .orderBy("loop")
    .orderBy("state")
    .execute();
  return rows.map(({ loop, state, p50_ms, p95_ms, ...counts }) => {
    const [count, failures] = [Number(counts.count), Number(counts.failures)];
    return { loop, state, count, failures, failure_rate: failures / count, p50_ms, p95_ms };
  });
}
