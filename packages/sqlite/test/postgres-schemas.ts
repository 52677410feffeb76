import { Kysely, sql } from "kysely";
import type { Postgres } from "../../../scripts/services/postgres.js";
import { openPostgres } from "../src/database/open-postgres.js";

let schemas = 0;

/** Makes a database of its own for each test, quickly: a schema that its connections look into. */
export function postgresSchemas({ url }: Postgres) {
  return async () => {
    const name = `own_${process.pid}_${schemas++}`;
    const { dialect } = await openPostgres(url);
    const admin = new Kysely<Record<string, never>>({ dialect });
    await sql`create schema ${sql.id(name)}`.execute(admin);
    const own = `${url}?options=${encodeURIComponent(`-c search_path=${name}`)}`;
    const execute = async (query: string) => (await sql.raw<Record<string, unknown>>(query).execute(admin)).rows;
    /** Keeps others from writing events, until what is returned is called. */
    const lock = () =>
      new Promise<() => void>((locked) => {
        const held = admin.transaction().execute(async (transaction) => {
          await sql`lock table ${sql.id(name, "events")} in exclusive mode`.execute(transaction);
          await new Promise<void>((release) => locked(release));
        });
        held.catch(() => {});
      });
    return { given: { url: own }, name, execute, lock, end: () => admin.destroy() };
  };
}
