import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { fileStore } from "../src/index.js";
import { countBy, eventsOf, idsOf, inDoubtOf, runThroughKills } from "./crash/kills.js";

const runs = process.env["LOOPS_LONG"] === undefined ? 6 : 200;
const actions = 30;
const maxMomentMs = 500;
const program = fileURLToPath(new URL("crash/loop-process.mjs", import.meta.url));

/** @returns how many orphans were ended */
async function expectNothingLostOrRepeated(dir: string): Promise<number> {
  const store = fileStore({ dir: join(dir, ".loops") });
  const run = await store.find("crash");
  const events = await store.readEvents("crash", run?.run_id ?? "");
  const named = (name: string) => events.filter((event) => event.event === name);

  expect(run).toMatchObject({ status: "completed", current_state: "done", iteration: actions });
  expect(named("loop_start")).toHaveLength(1);
  expect(named("loop_complete")).toHaveLength(1);

  const committed = events.map((event) => event.id);
  expect(idsOf(events)).toEqual(committed);
  expect(idsOf(eventsOf(join(dir, "inline.jsonl")))).toEqual(committed);
  expect(idsOf(eventsOf(join(dir, "buffered.jsonl")))).toEqual(committed);

  expect(named("action_complete")).toHaveLength(actions);
  const inDoubt = countBy(inDoubtOf(events));
  const ran = countBy(readFileSync(join(dir, "ledger"), "utf8").trim().split("\n"));
  const keys = Array.from({ length: actions }, (_, index) => `${run?.run_id}:${index + 1}`);
  expect([...ran.keys()].sort()).toEqual([...keys].sort());
  // What was in doubt may have run or not; everything else ran once.
  const repeated = keys.filter((key) => (ran.get(key) ?? 0) > 1 + (inDoubt.get(key) ?? 0));
  expect(repeated, "ran again without being in doubt").toEqual([]);

  expect(existsSync(join(dir, "beside")), "an orphan was alive beside a rerun").toBe(false);
  return named("action_in_doubt").filter((event) => event["orphan"] === "ended").length;
}

describe.skipIf(process.platform !== "linux")("a loop that is killed at random moments", () => {
  it(
    `P-22, B-1, B-8: loses no committed event, repeats no recorded action, runs beside no orphan (${runs} runs)`,
    async () => {
      let killed = 0;
      let orphans = 0;
      let begun = 0;
      const oneAfterTheOther = async () => {
        while (begun++ < runs) {
          const dir = mkdtempSync(join(tmpdir(), "loops-crash-"));
          const processes = await runThroughKills({ program, loop: "crash", dir, maxMomentMs });
          const ended = await expectNothingLostOrRepeated(dir);
          killed += processes - 1;
          orphans += ended;
          // Kept where an expectation failed, to be looked at.
          rmSync(dir, { recursive: true });
        }
      };
      await Promise.all([oneAfterTheOther(), oneAfterTheOther()]);
      // The kills came in time to prove something.
      expect(killed).toBeGreaterThan(runs / 2);
      // A few kills need not hit an action; two hundred do.
      if (runs >= 100) expect(orphans).toBeGreaterThan(0);
    },
    120_000 + runs * 10_000,
  );
});
