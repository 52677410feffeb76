import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  type CrashPoint,
  finish,
  newDirectory,
  type Outcome,
  orphansIn,
  outcomeOf,
  pointsOf,
  runsIn,
  runUntil,
  type Scenario,
} from "./enumerate.js";
import { expectEmittedIsCommitted, expectNothingLostOrRepeated } from "./expectations.js";

const long = process.env["LOOPS_LONG"] === "1";
const atOnce = 3;

/** What the loop comes to where nobody interrupts it. */
async function referenceOf(scenario: Scenario): Promise<Outcome> {
  const dir = newDirectory(scenario);
  await runUntil(scenario, dir, { at: 0 });
  const outcome = await outcomeOf(dir);
  rmSync(dir, { recursive: true });
  return outcome;
}

/** What became of the kills. */
interface Crashes {
  /** At so many points the process was killed. */
  killed: number;
  /** So many actions outlived their engine, and were ended. */
  orphans: number;
}

/** Kills a process at that point and goes on with what it left. */
async function crashAt(scenario: Scenario, point: CrashPoint, reference: Outcome, crashes: Crashes): Promise<void> {
  const dir = newDirectory(scenario);
  const killed = await runUntil(scenario, dir, point);
  try {
    const before = await expectEmittedIsCommitted(dir);
    await finish(scenario.loop, dir);
    await expectNothingLostOrRepeated(dir, before, reference);
    if (killed) crashes.killed += 1;
    crashes.orphans += await orphansIn(dir);
  } catch (error) {
    // The directory is kept, to be looked at.
    throw new Error(`${scenario.mode ?? "run"} of ${scenario.loop}, killed ${JSON.stringify(point)}, in ${dir}`, {
      cause: error,
    });
  }
  rmSync(dir, { recursive: true });
}

/** Every point, or in the short form every second, a few at a time. */
async function crashEverywhere(scenario: Scenario, reference: Outcome): Promise<Crashes> {
  const points = (await pointsOf(scenario)).filter((_, index) => long || index % 2 === 0);
  const crashes: Crashes = { killed: 0, orphans: 0 };
  let next = 0;
  const oneAfterTheOther = async () => {
    for (let point = points[next++]; point !== undefined; point = points[next++]) {
      await crashAt(scenario, point, reference, crashes);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, oneAfterTheOther));
  // The view is written by a timer: a process may make a few calls less than the one that was counted.
  expect(crashes.killed).toBeGreaterThan(points.length / 2);
  return crashes;
}

/** What a process leaves that is killed while the line of an action is committed: an orphan, and an action in doubt. */
async function killedInAction(loop: string): Promise<string> {
  const dir = newDirectory();
  const points = await pointsOf({ loop });
  const at = points.findLast(({ when }) => when === "part")?.at ?? 0;
  await runUntil({ loop }, dir, { at: Math.floor(at / 2), when: "after" });
  return dir;
}

const promise = "loses no committed event, repeats no recorded action, leaves no orphan, and comes to the same state";

describe.skipIf(process.platform !== "linux")(
  "killed at every call that changes a file, and within every write",
  () => {
    it(`B-1, B-2, B-11: a loop ${promise}`, { timeout: 240_000 }, async () => {
      const scenario = { loop: "small" };
      const { killed, orphans } = await crashEverywhere(scenario, await referenceOf(scenario));
      // The kills came where they prove something.
      expect(killed).toBeGreaterThan(long ? 40 : 20);
      expect(orphans).toBeGreaterThan(0);
    });

    describe.skipIf(!long)("at length", () => {
      const loops = ["captures", "retries", "handoff", "nested"];
      it.each(loops)(`B-1, B-2, B-29, B-36: the loop %j ${promise}`, async (loop) => {
        expect((await crashEverywhere({ loop }, await referenceOf({ loop }))).killed).toBeGreaterThan(40);
      });

      it(`B-10, P-10: a loop that archives its previous run first ${promise}`, async () => {
        const from = newDirectory();
        await runUntil({ loop: "captures" }, from, { at: 0 });
        const [old] = await runsIn(from);
        writeFileSync(join(from, "old"), `${old?.run_id}\n`);
        for (const name of ["emitted", "ledger", "pids"]) rmSync(join(from, name));
        const scenario = { loop: "captures", from };
        await crashEverywhere(scenario, await referenceOf(scenario));
        rmSync(from, { recursive: true });
      });

      it(`B-2: a loop that waits for the disk ${promise}`, async () => {
        const scenario = { loop: "small", durability: "power" as const };
        await crashEverywhere(scenario, await referenceOf(scenario));
      });

      it.each(["small", "captures", "nested"])(`B-3, B-8: a resume of the loop %j ${promise}`, async (loop) => {
        const reference = await referenceOf({ loop });
        const from = await killedInAction(loop);
        await crashEverywhere({ loop, from, mode: "resume" }, reference);
        rmSync(from, { recursive: true });
      });
    });
  },
);
