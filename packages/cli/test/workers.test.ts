import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { LoopEvent } from "@loops/core";
import type { RunState } from "@loops/fsm";
import { type SqlStore, sqlStore } from "@loops/sqlite/store";
import { afterAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { startPostgres } from "../../../scripts/services/postgres.js";
import { requireProgram } from "../../../scripts/services/require-program.js";
import { type Folder, folder } from "./support.js";

const long = process.env["LOOPS_LONG"] === "1";
const loops = long ? 50 : 10;
const kills = long ? 60 : 8;
const states = 6;
const patience = { timeout: long ? 600_000 : 20_000, interval: 100 };

const manyLoops = fileURLToPath(new URL("./fixtures/many-loops.mjs", import.meta.url));
const command = await requireProgram("postgres", "workers that share runs");
const postgres = command === undefined ? undefined : await startPostgres(command);
afterAll(async () => postgres?.stop());

/**
 * The lock of the run is held by the action itself, and given back by the system when its last process ends: two owners
 * that act at once are seen by it, whatever the store believes.
 */
const act = `exec 9>"lock.$LOOPS_RUN_ID"
      flock -n 9 || { echo "$LOOPS_IDEMPOTENCY_KEY" >>beside; exit 99; }
      echo "$LOOPS_IDEMPOTENCY_KEY" >>ledger
      sleep 0.0$((RANDOM % 9))`;
const steps = `name: steps
initial: s1
states:
${Array.from(
  { length: states },
  (_, n) => `  s${n + 1}:
    action: |
      ${act}
    next: ${n + 1 === states ? "done" : `s${n + 2}`}
    on_error: failed`,
).join("\n")}
  done: {terminal: true}
  failed: {terminal: true}
`;

const linesOf = ({ path }: Folder, name: string): readonly string[] => {
  const file = join(path, name);
  return existsSync(file) ? readFileSync(file, "utf8").trimEnd().split("\n") : [];
};

describe.skipIf(postgres === undefined)("workers on one PostgreSQL", () => {
  const url = postgres?.url ?? "";

  it(`three, killed at random ${kills} times, end ${loops} loops; no recorded action is repeated, no two act at once`, async () => {
    const place = folder();
    place.write("steps.yaml", steps);
    const store = sqlStore<RunState>({ url });
    onTestFinished(() => store.close());

    // Who began them is gone, in the middle of them.
    const starter = spawn(process.execPath, [manyLoops, url, String(loops)], { cwd: place.path, stdio: "ignore" });
    await vi.waitFor(() => expect(linesOf(place, "ledger").length).toBeGreaterThanOrEqual(loops), patience);
    starter.kill("SIGKILL");
    const begun = (await store.list()).runs.length;
    expect(begun).toBeGreaterThan(0);

    const workers: ChildProcess[] = [];
    const startWorker = () => place.start("work", "--store", url, "-n", "2", "--poll", "0.1");
    for (let n = 0; n < 3; n++) workers.push(startWorker());
    for (let n = 0; n < kills; n++) {
      const seen = linesOf(place, "ledger").length;
      // Something was done since the last kill, or there is nothing left to be done.
      await vi.waitFor(async () => {
        expect(linesOf(place, "ledger").length > seen || (await openRuns(store)) === 0).toBe(true);
      }, patience);
      const victim = Math.floor(Math.random() * workers.length);
      workers[victim]?.kill("SIGKILL");
      workers[victim] = startWorker();
    }
    await vi.waitFor(async () => expect(await openRuns(store)).toBe(0), patience);
    for (const worker of workers) worker.kill("SIGTERM");

    const { runs } = await store.list();
    expect(runs.map(({ status }) => status)).toEqual(runs.map(() => "completed"));
    expect(runs).toHaveLength(begun);
    expect(linesOf(place, "beside")).toEqual([]);
    const ledger = linesOf(place, "ledger");
    for (const run of runs) {
      const events = await store.readEvents(run.loop_name, run.run_id);
      expect(repeatedOf(events)).toEqual([]);
      // Nothing was done that had not been announced.
      const announced = events.filter(({ event }) => event === "action_start").length;
      expect(ledger.filter((key) => key.startsWith(run.run_id)).length).toBeLessThanOrEqual(announced);
      expect(events.filter(({ event }) => event === "action_complete")).toHaveLength(states);
    }
  });
});

async function openRuns(store: SqlStore<RunState>): Promise<number> {
  return (await store.list()).runs.filter(({ status }) => status === "running").length;
}

/** Iterations whose action began again behind its recorded result. */
function repeatedOf(events: readonly LoopEvent[]): readonly unknown[] {
  const recorded = new Set<unknown>();
  const repeated: unknown[] = [];
  let iteration: unknown;
  for (const event of events) {
    if (event.event === "state_enter") iteration = event["iteration"];
    if (event.event === "action_start" && recorded.has(iteration)) repeated.push(iteration);
    if (event.event === "action_complete") recorded.add(iteration);
  }
  return repeated;
}
