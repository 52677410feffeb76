import { type LoopEvent, LoopsError } from "@loops/core";
import type { AnyKysely } from "../database/database-kind.js";
import { type Kind, kinds } from "../rows/kind-of.js";
import type { HistorySchema } from "../schema/tables.js";
import { eventOf } from "./event-of.js";

const views = {
  tool: "tool_events",
  file: "file_events",
  issue: "issue_events",
  loop: "loop_events",
  correction: "user_corrections",
} as const satisfies Record<Kind, keyof HistorySchema>;

/** A row of the view of its kind, and its event. */
export type RecentRow<K extends Kind = Kind> = Omit<HistorySchema[(typeof views)[K]], "json" | "raw"> & {
  readonly event: LoopEvent;
};

/** @throws LoopsError `LOOPS_CONFIG` for another kind, listing those there are */
export async function recent<K extends Kind>(db: AnyKysely, kind: K, limit: number): Promise<RecentRow<K>[]> {
  if (!kinds.includes(kind)) {
    throw new LoopsError("LOOPS_CONFIG", `[sqlite] there is no kind ${String(kind)}; there are ${kinds.join(", ")}`);
  }
  if (!Number.isSafeInteger(limit)) {
    throw new LoopsError("LOOPS_CONFIG", `[sqlite] limit must be a whole number, not ${String(limit)}`);
  }
  const newest = db.selectFrom(views[kind]).selectAll().orderBy("id", "desc");
  const rows = await (limit < 0 ? newest : newest.limit(limit)).execute();
  return rows.map(({ json, raw, ...row }) => ({
    ...row,
    id: Number(row["id"]),
    event: eventOf({ json, raw }),
  })) as never;
}
