import { setImmediate as nextTurn } from "node:timers/promises";
import { LoopsError } from "@loops/core";
import { sql } from "kysely";
import type { AnyKysely, DatabaseKind } from "../database/database-kind.js";
import { checkedFilter } from "./limits.js";
import { ask } from "./read-failure.js";
import { giveRoomBack, type Room, roomOf } from "./room.js";

export interface PruneOptions {
  /** Events older than so many milliseconds go. */
  readonly olderThanMs?: number | undefined;
  /** The oldest events go until the database has at most so many bytes. */
  readonly maxBytes?: number | undefined;
  /** The clock, milliseconds since 1970. @default Date.now */
  readonly now?: (() => number) | undefined;
}

export interface PruneResult {
  /** Events deleted. */
  readonly events: number;
  /** Runs deleted: those that have no event left and are old enough. */
  readonly runs: number;
  /** Size before and after: of the file on SQLite, of the rows on PostgreSQL. */
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  /** Why the file did not get smaller, and what makes it so. */
  readonly hint: string | null;
}

/** Events deleted in one transaction: it bounds how long others wait, and the event loop. */
const stepEvents = 200;

/** @throws LoopsError `LOOPS_CONFIG` without a bound, and for what is none */
export async function prune(db: AnyKysely, kind: DatabaseKind, options: PruneOptions): Promise<PruneResult> {
  const { olderThanMs, maxBytes, now = Date.now } = checked(options);
  const before = await ask(() => roomOf(db, kind));
  // What others write meanwhile stays: else a bound that is too low would have no end.
  const newest = await newestPosition(db);
  let events = 0;
  if (olderThanMs !== undefined) {
    const cutoff = cutoffOf(now() - olderThanMs);
    events += await deleteOldest(db, kind, { newest, before: cutoff }, Number.POSITIVE_INFINITY);
  }
  let room = await giveRoomBack(db, kind);
  // Deleting frees what it frees: so it is looked again, and at the end there may be nothing left to delete.
  while (maxBytes !== undefined && room.used > maxBytes) {
    const tooMany = Math.ceil(((room.used - maxBytes) / room.used) * (await countEvents(db)));
    const deleted = await deleteOldest(db, kind, { newest }, tooMany);
    events += deleted;
    room = await giveRoomBack(db, kind);
    if (deleted === 0) break;
  }
  const runs = events === 0 && olderThanMs === undefined ? 0 : await deleteRuns(db);
  return { events, runs, bytesBefore: before.bytes, bytesAfter: room.bytes, hint: hintOf(before, room, events) };
}

function checked(options: PruneOptions): PruneOptions {
  const { now: _now, ...bounds } = checkedFilter(options, ["olderThanMs", "maxBytes", "now"]);
  for (const [name, value] of Object.entries(bounds)) {
    if (value !== undefined && !(typeof value === "number" && value >= 0)) {
      throw new LoopsError("LOOPS_CONFIG", `[sqlite] ${name} must be a number from 0, not ${String(value)}`);
    }
  }
  if (bounds.olderThanMs === undefined && bounds.maxBytes === undefined) {
    throw new LoopsError("LOOPS_CONFIG", "[sqlite] prune needs olderThanMs, maxBytes or both");
  }
  return options;
}

/** Before all that a clock can say nothing happened. */
function cutoffOf(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? "" : date.toISOString();
}

function hintOf(before: Room, after: Room, deleted: number): string | null {
  return deleted > 0 && after.bytes >= before.bytes ? after.hint : null;
}

/** Up to a position, and with `before` only older ones. */
interface Deletable {
  readonly newest: number;
  readonly before?: string;
}

/** The oldest first, at most `count`. */
async function deleteOldest(db: AnyKysely, kind: DatabaseKind, which: Deletable, count: number): Promise<number> {
  for (let deleted = 0; ; ) {
    const limit = Math.min(stepEvents, count - deleted);
    const step = limit > 0 ? await ask(() => deleteStep(db, kind, which, limit)) : 0;
    deleted += step;
    if (step === 0) return deleted;
    await nextTurn();
  }
}

function deleteStep(db: AnyKysely, kind: DatabaseKind, { newest, before }: Deletable, limit: number): Promise<number> {
  return db.transaction().execute(async (transaction) => {
    let oldest = transaction.selectFrom("events").select("position").where("position", "<=", newest);
    if (before !== undefined) oldest = oldest.where("ts", "<", before);
    const found = await oldest.orderBy("ts").orderBy("position").limit(limit).execute();
    const positions = found.map(({ position }) => position);
    if (positions.length === 0) return 0;
    // First: the index reads from the events which words it has to forget.
    if (kind === "sqlite")
      await sql`delete from search_index where rowid in (${sql.join(positions)})`.execute(transaction);
    await transaction.deleteFrom("events").where("position", "in", positions).execute();
    return positions.length;
  });
}

async function newestPosition(db: AnyKysely): Promise<number> {
  const newest = db.selectFrom("events").select((one) => one.fn.max<number>("position").as("position"));
  return Number((await ask(() => newest.executeTakeFirst()))?.position ?? 0);
}

async function countEvents(db: AnyKysely): Promise<number> {
  const row = await ask(() => db.selectFrom("events").select(db.fn.countAll().as("count")).executeTakeFirst());
  return Number(row?.["count"] ?? 0);
}

/** Of a run that goes on something is always left, or comes. */
async function deleteRuns(db: AnyKysely): Promise<number> {
  const result = await ask(() =>
    db
      .deleteFrom("runs")
      .where(({ not, exists, selectFrom }) =>
        not(exists(selectFrom("events").select("events.position").whereRef("events.run_id", "=", "runs.run_id"))),
      )
      .executeTakeFirst(),
  );
  return Number(result.numDeletedRows);
}
