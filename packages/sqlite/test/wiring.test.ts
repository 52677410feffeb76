import { existsSync } from "node:fs";
import { join } from "node:path";
import { createBus, wireTransports } from "@loops/core";
import { afterEach, beforeEach, expect, it } from "vitest";
import { sqliteTransport } from "../src/index.js";
import { eventsIn, freshFolder } from "./fresh-database.js";

let place: ReturnType<typeof freshFolder>;
beforeEach(() => {
  place = freshFolder();
});
afterEach(() => place.remove());

async function wired(sqlite: Record<string, unknown> | undefined): Promise<void> {
  const bus = createBus();
  const config = { transports: ["sqlite"], ...(sqlite && { sqlite }) };
  expect(await wireTransports(bus, config, { from: import.meta.url, baseDir: place.folder })).toEqual(["sqlite"]);
  bus.emit({ event: "step", n: 1 });
  expect(await bus.close()).toMatchObject({ ok: true });
}

it("C-6: the wired file is session.db below the base directory, and sqlite.path is obeyed where it is given", async () => {
  await wired(undefined);
  expect(eventsIn(place.path)).toMatchObject([{ event: "step", n: 1 }]);
  await wired({ path: ".ll/deep/other.db", flush_interval_ms: 10 });
  expect(eventsIn(join(place.folder, "deep", "other.db"))).toHaveLength(1);
});

it.each([
  [{ paths: "x.db" }, "the option paths is not known; did you mean path?"],
  [{ path: 5 }, "path must be a text, not 5"],
  [{ url: "mysql://db" }, "url must begin with postgres://"],
  [{ path: "x.db", url: "postgres://db/x" }, "give one of path, url and db"],
  [{ max_batch_items: 0 }, "maxBatchItems must be 1 or more"],
  [{ max_queue_items: "many" }, "maxQueueItems must be a number from 0, not many"],
  [{ overflow: "drop" }, 'overflow must be one of drop-newest, drop-oldest, flush-sync, not "drop"'],
  [{ driver: "sqlite3" }, "driver must be one of node:sqlite, better-sqlite3, libsql"],
])("a configuration such as %j is refused with what is wrong", async (sqlite, message) => {
  await expect(wired(sqlite)).rejects.toMatchObject({
    code: "LOOPS_CONFIG",
    message: expect.stringContaining(message),
  });
});

it("making a sink opens nothing, and one that was never used leaves nothing", async () => {
  await sqliteTransport({ path: place.path }).close();
  expect(existsSync(place.path)).toBe(false);
});
