import { LoopsError } from "@loops/core";
import type { Kysely } from "kysely";

export type DatabaseKind = "sqlite" | "postgres";

/** A Kysely instance whatever its tables: `Kysely` is invariant, so `unknown` would take nobody's. */
// biome-ignore lint/suspicious/noExplicitAny: see above
export type AnyKysely = Kysely<any>;

/** Which database a Kysely instance speaks to, by what its adapter says it can do, so that nothing is asked of it. */
export function kindOf(db: AnyKysely): DatabaseKind {
  const { supportsReturning, supportsTransactionalDdl } = db?.getExecutor?.().adapter ?? {};
  // Of the dialects that come with Kysely only PostgreSQL has both, and only SQLite the first alone.
  if (supportsReturning) return supportsTransactionalDdl ? "postgres" : "sqlite";
  throw new LoopsError("LOOPS_CONFIG", "[sqlite] db must be a Kysely instance for SQLite or PostgreSQL");
}
