import { storeConformance } from "@loops/testing";
import { afterAll, describe, test } from "vitest";
import { startPostgres } from "../../../../scripts/services/postgres.js";
import { requireProgram } from "../../../../scripts/services/require-program.js";
import { capabilities, postgresSubject, sqliteSubject } from "./subjects.js";

storeConformance({ test, name: "sqlStore on SQLite", create: sqliteSubject, capabilities });

const command = await requireProgram("postgres", "the store in PostgreSQL");
const postgres = command === undefined ? undefined : await startPostgres(command);
afterAll(async () => postgres?.stop());

describe.skipIf(postgres === undefined)("a server", () => {
  if (postgres === undefined) return;
  storeConformance({ test, name: "sqlStore on PostgreSQL", create: () => postgresSubject(postgres), capabilities });
});
