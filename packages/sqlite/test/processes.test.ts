import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import { openHistory } from "../src/index.js";
import { eventsIn, freshFolder, sqlOn } from "./fresh-database.js";

const script = fileURLToPath(new URL("./fixtures/writes.mjs", import.meta.url));
const long = process.env["LOOPS_LONG"] === "1";

let place: ReturnType<typeof freshFolder>;
let children: ChildProcess[] = [];
beforeEach(() => {
  place = freshFolder();
});
afterEach(() => {
  for (const child of children) child.kill("SIGKILL");
  children = [];
  place.remove();
});

function writer(name: string, options: object, count?: number): ChildProcess {
  const args = [
    script,
    JSON.stringify({ path: place.path, ...options }),
    name,
    ...(count === undefined ? [] : [`${count}`]),
  ];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  return child;
}

it("four processes write 10,000 events each into one file: all are there, once, in the order of each", async () => {
  const each = long ? 10_000 : 2500;
  const names = ["a", "b", "c", "d"];
  const ends = await Promise.all(names.map((name) => once(writer(name, {}, each), "exit")));
  expect(ends).toEqual(names.map(() => [0, null]));
  const events = eventsIn(place.path);
  expect(events).toHaveLength(4 * each);
  for (const name of names) {
    const own = events.filter((event) => event["run_id"] === name).map((event) => event["n"]);
    expect(own).toEqual(Array.from({ length: each }, (_, n) => n));
  }
  const history = await openHistory({ path: place.path });
  expect(await history.runs()).toHaveLength(4);
  expect(await history.search(`"line ${each - 1} of c"`, { raw: true })).toHaveLength(1);
  await history.close();
}, 120_000);

it("a process that is killed while it writes leaves a database that opens, with whole batches and an index that agrees", async () => {
  const batch = 50;
  for (let round = 0; round < (long ? 40 : 3); round++) {
    const child = writer(`round-${round}`, { maxBatchItems: batch, flushIntervalMs: 60_000 });
    const stdout = child.stdout as NodeJS.ReadableStream;
    let confirmed = 0;
    stdout.on("data", (text) => {
      confirmed = Number(String(text).trim().split("\n").at(-1));
    });
    await once(stdout, "data");
    // At a moment of its own in the stream of transactions.
    await new Promise((resolve) => setTimeout(resolve, 20 + Math.random() * 100));
    child.kill("SIGKILL");
    await once(child, "exit");

    const [row] = sqlOn<{ n: number }>(place.path, `select count(*) as n from events where run_id = 'round-${round}'`);
    const count = row?.n ?? 0;
    expect(count % batch).toBe(0);
    expect(count).toBeGreaterThanOrEqual(confirmed);
    expect(sqlOn(place.path, "pragma integrity_check")).toEqual([{ integrity_check: "ok" }]);
    sqlOn(place.path, "insert into search_index(search_index) values ('integrity-check')");
    const found = `select count(*) as n from search_index where search_index match '"of round ${round}"'`;
    expect(sqlOn(place.path, found)).toEqual([{ n: count }]);
  }
}, 600_000);
