import { cpSync } from "node:fs";
import { join } from "node:path";
import { transportConformance } from "@loops/testing";
import { Kysely } from "kysely";
import { test } from "vitest";
import { migrateSync } from "../src/database/migrate.js";
import { openSqlite } from "../src/database/open-sqlite.js";
import { sqliteDialect } from "../src/database/sqlite-dialect.js";
import { sqliteTransport } from "../src/index.js";
import { migrations } from "../src/schema/migrations.js";
import { eventsIn, freshFolder, sqlOn } from "./fresh-database.js";

const bounds = { maxQueueItems: 200, maxQueueBytes: 65_536 };
const quick = { ...bounds, flushIntervalMs: 5, lockTimeoutMs: 10, maxRetryMs: 20 };

const poisoned = (id: string) =>
  `create trigger "poison ${id}" before insert on events when new.id = '${id}' begin
    select raise(abort, 'poisoned'); end`;

transportConformance({
  test,
  name: "a SQLite file, locked by another process",
  capabilities: {
    queued: true,
    durable: true,
    killable: true,
    // A synchronous write succeeds or fails: it cannot stall without stalling the process.
    faults: ["fail", "poison", "crash"],
    bounds,
    script: new URL("./fixtures/ends-by-itself.mjs", import.meta.url),
  },
  async create({ onError }) {
    const { folder, path, remove } = freshFolder();
    let current = path;
    let lives = 1;
    const other = openSqlite({ path });
    migrateSync(other, migrations);
    let locked = false;
    const make = () => sqliteTransport({ path: current, ...quick, onError });
    return {
      transport: make(),
      observe: () => eventsIn(current),
      faults: {
        fail() {
          other.exec("begin exclusive");
          locked = true;
        },
        heal() {
          if (locked) other.exec("rollback");
          locked = false;
        },
        poison: (id) => void sqlOn(current, poisoned(id)),
        crash() {
          // What the disk has at this moment is what the next process finds.
          const next = join(folder, `life-${++lives}.db`);
          for (const end of ["", "-wal"]) cpSync(`${current}${end}`, `${next}${end}`);
          current = next;
        },
        reopen: make,
      },
      child: {
        script: new URL("./fixtures/confirms-with.mjs", import.meta.url),
        args: [JSON.stringify({ path: current })],
      },
      cleanup() {
        other.close();
        remove();
      },
    };
  },
});

transportConformance({
  test,
  name: "SQLite by a Kysely of the caller, which refuses to write",
  capabilities: { queued: true, durable: true, faults: ["fail", "poison"], bounds },
  async create({ onError }) {
    const { path, remove } = freshFolder();
    const connection = openSqlite({ path });
    migrateSync(connection, migrations);
    const db = new Kysely({ dialect: sqliteDialect(connection) });
    return {
      transport: sqliteTransport({ db, ...quick, onError }),
      observe: () => eventsIn(path),
      faults: {
        fail: () => connection.exec("pragma query_only = on"),
        heal: () => connection.exec("pragma query_only = off"),
        poison: (id) => void sqlOn(path, poisoned(id)),
      },
      cleanup() {
        connection.close();
        remove();
      },
    };
  },
});
