import { statSync } from "node:fs";
import { afterEach, beforeEach, expect, it } from "vitest";
import { sqliteDriver } from "../src/database/find-driver.js";
import { type History, openHistory } from "../src/index.js";
import { busWith, freshFolder, sqlOn } from "./fresh-database.js";

let place: ReturnType<typeof freshFolder>;
let history: History;
beforeEach(() => {
  place = freshFolder();
});
afterEach(async () => {
  await history.close();
  place.remove();
});

const day = 86_400_000;
const start = Date.UTC(2026, 0, 1);

/** One event an hour for so many days, of one run a day. */
async function fill(days: number): Promise<void> {
  const { bus } = busWith({ path: place.path });
  for (let hour = 0; hour < days * 24; hour++) {
    const run_id = `day-${Math.floor(hour / 24)}`;
    const line = `hour ${hour} ${"padding ".repeat(40)}`;
    bus.emit({
      event: "action_output",
      ts: new Date(start + hour * 3_600_000).toISOString(),
      run_id,
      loop: "fix",
      line,
    });
  }
  expect(await bus.close()).toMatchObject({ ok: true });
}

it("prune by age deletes what is older, from the index too, and runs of which nothing is left; the file gets smaller", async () => {
  await fill(40);
  history = await openHistory({ path: place.path });
  const now = () => start + 40 * day;
  const result = await history.prune({ olderThanMs: 10 * day, now });
  expect(result).toMatchObject({ events: 30 * 24, runs: 30, hint: null });
  expect(result.bytesAfter).toBeLessThan(result.bytesBefore / 2);
  expect(statSync(place.path).size).toBe(result.bytesAfter);
  expect((await history.runs()).map(({ run_id }) => run_id)).toEqual(
    Array.from({ length: 10 }, (_, n) => `day-${39 - n}`),
  );
  expect(await history.search("hour", { limit: 1000 })).toHaveLength(240);
  expect(await history.search("719")).toEqual([]);
  expect(await history.search("720")).toHaveLength(1);
  sqlOn(place.path, "insert into search_index(search_index) values ('integrity-check')");
  expect(await history.prune({ olderThanMs: 10 * day, now })).toMatchObject({ events: 0, runs: 0 });
});

it("prune by size deletes the oldest until the database fits, and no more than it must", async () => {
  await fill(60);
  history = await openHistory({ path: place.path });
  const maxBytes = 400_000;
  const result = await history.prune({ maxBytes });
  expect(result.bytesAfter).toBeLessThanOrEqual(maxBytes);
  const left = await history.events({ limit: 10_000 });
  expect(left.length).toBeGreaterThan(100);
  expect(left.length + result.events).toBe(60 * 24);
  expect(left[0]?.event["line"]).toContain(`hour ${60 * 24 - 1} `);
  expect(await history.prune({ maxBytes: 0 })).toMatchObject({ events: left.length });
  expect(await history.runs()).toEqual([]);
});

it("others write while it is pruned, and lose nothing", async () => {
  await fill(40);
  history = await openHistory({ path: place.path });
  const { bus, sink, errors } = busWith({ path: place.path, lockTimeoutMs: 5000 });
  const pruning = history.prune({ olderThanMs: 1, now: () => start + 40 * day });
  for (let n = 0; n < 50; n++) {
    bus.emit({ event: "step", n });
    await sink.flush();
  }
  expect(await pruning).toMatchObject({ events: 960 });
  await bus.close();
  expect(errors).toEqual([]);
  expect(await history.events()).toHaveLength(50);
});

it("what is written while it is pruned stays, so that a bound that is too low comes to an end", async () => {
  await fill(10);
  history = await openHistory({ path: place.path });
  const { bus } = busWith({ path: place.path });
  const pruning = history.prune({ maxBytes: 1 });
  bus.emit({ event: "step" });
  await bus.flush();
  expect(await pruning).toMatchObject({ events: 240 });
  await bus.close();
  expect(await history.events()).toMatchObject([{ event: { event: "step" } }]);
});

it("an age beyond all clocks is that of no event", async () => {
  await fill(1);
  history = await openHistory({ path: place.path });
  for (const olderThanMs of [Number.POSITIVE_INFINITY, 1e300]) {
    expect(await history.prune({ olderThanMs })).toMatchObject({ events: 0, runs: 0 });
  }
});

it("a file that cannot get smaller says why and what to do", async () => {
  // A database that somebody else made: room in it cannot be given back.
  const connection = sqliteDriver().open(place.path, false);
  connection.exec("create table theirs (a)");
  connection.close();
  await fill(40);
  history = await openHistory({ path: place.path });
  const hint = expect.stringContaining("pragma auto_vacuum = incremental; vacuum");
  // By size: as many as it takes for what is left to fit, and not all for a size that stays.
  const { bytesBefore, ...result } = await history.prune({ maxBytes: 600_000 });
  expect(result).toMatchObject({ hint });
  expect([bytesBefore > 600_000, result.events > 0, result.events < 900]).toEqual([true, true, true]);
  expect(await history.events({ limit: 1000 })).toHaveLength(960 - result.events);
  expect(await history.prune({ olderThanMs: 1, now: () => start + 40 * day })).toMatchObject({
    events: 960 - result.events,
    hint,
  });
});
