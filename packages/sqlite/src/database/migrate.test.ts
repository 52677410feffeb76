import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { type Migration, migrate, migrateSync } from "./migrate.js";
import { openDatabase } from "./open-database.js";
import { openSqlite } from "./open-sqlite.js";

const folder = mkdtempSync(join(tmpdir(), "loops-migrate-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
const freshPath = () => join(folder, "made", `${files++}.db`);

const first: Migration = (db) => [db.schema.createTable("a").addColumn("x", "integer"), "insert into a values (1)"];
const second: Migration = () => ["insert into a values (2)"];
const broken: Migration = () => ["insert into a values (3)", "this is no SQL"];
const numbers = (path: string) => {
  const connection = openSqlite({ path });
  try {
    return connection
      .prepare("select x from a order by x")
      .all([])
      .map((row) => (row as { x: number }).x);
  } finally {
    connection.close();
  }
};

it("Q-2: the version is a text under schema_version in meta(key, value), and each namespace has its own", async () => {
  const path = freshPath();
  const { db, kind, close } = await openDatabase<{ meta: { key: string; value: string } }>({ path });
  await migrate(db, kind, [first, second]);
  await migrate(db, kind, [second], { namespace: "store_version" });
  expect(await db.selectFrom("meta").selectAll().orderBy("key").execute()).toEqual([
    { key: "schema_version", value: "2" },
    { key: "store_version", value: "1" },
  ]);
  await close();
  await close();
  expect(numbers(path)).toEqual([1, 2, 2]);
});

it("Q-3: what was done before a failure stays, the failed one leaves nothing, and the next start goes on there", async () => {
  const path = freshPath();
  const { db, kind, close } = await openDatabase({ path });
  await expect(migrate(db, kind, [first, broken])).rejects.toThrow("syntax error");
  expect(numbers(path)).toEqual([1]);
  await migrate(db, kind, [first, second]);
  await close();
  expect(numbers(path)).toEqual([1, 2]);
});

it("Q-3: a database of a later version, or of none that can be read, is refused and not touched", () => {
  const connection = openSqlite({ path: freshPath() });
  migrateSync(connection, [first, second]);
  const newer = expect.objectContaining({
    code: "LOOPS_SCHEMA_NEWER",
    message: expect.stringContaining("schema_version 2"),
  });
  expect(() => migrateSync(connection, [first])).toThrow(newer);
  connection.exec("update meta set value = 'two'");
  expect(() => migrateSync(connection, [first, second])).toThrow(
    expect.objectContaining({ code: "LOOPS_SCHEMA_NEWER" }),
  );
  connection.close();
});

it("many that migrate one file at once do it once", async () => {
  const path = freshPath();
  const migrateOne = async () => {
    const { db, kind, close } = await openDatabase({ path });
    await migrate(db, kind, [first, second]);
    await close();
  };
  await Promise.all(Array.from({ length: 8 }, migrateOne));
  expect(numbers(path)).toEqual([1, 2]);
});
