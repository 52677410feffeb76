import { setImmediate as nextTurn } from "node:timers/promises";
import { sql } from "kysely";
import type { AnyKysely, DatabaseKind } from "../database/database-kind.js";
import { ask } from "./read-failure.js";

/** How large a database is. */
export interface Room {
  /** Of the file on SQLite, of the rows on PostgreSQL. */
  readonly bytes: number;
  /** Those of them that something is in: what deleting makes less, also where the file keeps its size. */
  readonly used: number;
  /** What would make it smaller, where deleting does not. */
  readonly hint: string | null;
}

const vacuumHint =
  "the file was not made by this package and keeps its size; room in it is used again. To shrink it, with nobody writing: pragma auto_vacuum = incremental; vacuum";
const postgresHint = "PostgreSQL uses the room again and keeps its files; vacuum full makes them smaller";

/** Pages given back, or merged, in one step. */
const stepPages = 200;

export async function roomOf(db: AnyKysely, kind: DatabaseKind): Promise<Room> {
  if (kind === "postgres") {
    const { rows } = await sql<{
      bytes: string;
    }>`select coalesce(sum(pg_column_size(events.*)), 0) as bytes from events`.execute(db);
    const bytes = Number(rows[0]?.bytes ?? 0);
    return { bytes, used: bytes, hint: postgresHint };
  }
  const [pages, free, size, mode] = [
    await pragma(db, "page_count"),
    await pragma(db, "freelist_count"),
    await pragma(db, "page_size"),
    await pragma(db, "auto_vacuum"),
  ];
  return { bytes: pages * size, used: (pages - free) * size, hint: mode === 2 ? null : vacuumHint };
}

/** After deleting: the index forgets, and the file gives back pages that nothing is in. In steps; others may write between. */
export async function giveRoomBack(db: AnyKysely, kind: DatabaseKind): Promise<Room> {
  if (kind === "postgres") return ask(() => roomOf(db, kind));
  // A negative number begins to merge everything, the positive ones after it go on; one that changes little was the last.
  for (let pages = -stepPages; (await ask(() => merge(db, pages))) > 1; pages = stepPages) await nextTurn();
  for (;;) {
    const free = await ask(() => pragma(db, "freelist_count"));
    if (free === 0) break;
    await ask(() => sql.raw(`pragma incremental_vacuum(${stepPages})`).execute(db));
    if ((await ask(() => pragma(db, "freelist_count"))) === free) break;
    await nextTurn();
  }
  // What was freed in the log has to reach the file. A reader may prevent that; then the next checkpoint does it.
  await sql
    .raw("pragma wal_checkpoint(truncate)")
    .execute(db)
    .catch(() => {});
  return ask(() => roomOf(db, kind));
}

/** How many rows of the index's own tables a step of merging has changed. */
function merge(db: AnyKysely, pages: number): Promise<number> {
  return db.connection().execute(async (connection) => {
    const changes = async () => {
      const { rows } = await sql<{ n: number }>`select total_changes() as n`.execute(connection);
      return Number(rows[0]?.n);
    };
    const before = await changes();
    await sql`insert into search_index(search_index, rank) values ('merge', ${pages})`.execute(connection);
    return (await changes()) - before;
  });
}

async function pragma(db: AnyKysely, name: string): Promise<number> {
  const { rows } = await sql.raw<Record<string, unknown>>(`pragma ${name}`).execute(db);
  return Number(rows[0]?.[name] ?? 0);
}
