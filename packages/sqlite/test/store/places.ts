import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { afterAll, onTestFinished } from "vitest";
import { type Postgres, startPostgres } from "../../../../scripts/services/postgres.js";
import { requireProgram } from "../../../../scripts/services/require-program.js";
import { openDatabase } from "../../src/database/open-database.js";

/** A database of one test alone, and a folder beside it. */
export interface Place {
  readonly given: { readonly path: string } | { readonly url: string };
  readonly folder: string;
}

export interface Places {
  readonly postgres: Postgres | undefined;
  /** A name, and what makes a fresh place. */
  readonly all: readonly (readonly [string, () => Promise<Place>])[];
}

let databases = 0;

/** Where a store is tried: on SQLite, and on a PostgreSQL of the test file's own if the program is there. */
export async function placesFor(what: string): Promise<Places> {
  const command = await requireProgram("postgres", what);
  const postgres =
    command === undefined ? undefined : await startPostgres(command, { args: ["-c", "synchronous_commit=on"] });
  afterAll(async () => postgres?.stop());
  const sqlite = async () => {
    const folder = newFolder();
    return { given: { path: join(folder, "runs.db") }, folder };
  };
  if (postgres === undefined) return { postgres, all: [["SQLite", sqlite]] };
  const server = async () => ({ given: { url: await newDatabase(postgres) }, folder: newFolder() });
  return {
    postgres,
    all: [
      ["SQLite", sqlite],
      ["PostgreSQL", server],
    ],
  };
}

/** A schema of its own, which costs less than a database: the URL leads there. */
export async function newDatabase({ url }: Postgres): Promise<string> {
  const name = `test_${process.pid}_${databases++}`;
  const { db, close } = await openDatabase({ url });
  await sql.raw(`create schema ${name}`).execute(db);
  await close();
  return `${url}?options=${encodeURIComponent(`-c search_path=${name}`)}`;
}

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "sql-store-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
