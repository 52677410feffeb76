import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { LoopEvent } from "@loops/core";
import { expect } from "vitest";
import { fileStore } from "../../src/store/file-store.js";
import { newState } from "../store/support.js";
import { committedIn, linesOf, type Outcome, outcomeOf } from "./enumerate.js";

type Committed = Awaited<ReturnType<typeof committedIn>>;

const idsOf = (events: readonly LoopEvent[]) => events.map((event) => event.id);

/** Right behind a kill. @returns what is committed */
export async function expectEmittedIsCommitted(dir: string): Promise<Committed> {
  const committed = await committedIn(dir);
  const ids = new Set([...committed.values()].flatMap(idsOf));
  expect(
    linesOf(join(dir, "emitted")).filter((id) => !ids.has(id)),
    "emitted, and not committed",
  ).toEqual([]);
  return committed;
}

/** Once nothing is left to do. `before` is what was committed when the process was killed. */
export async function expectNothingLostOrRepeated(dir: string, before: Committed, reference: Outcome): Promise<void> {
  const after = await committedIn(dir);
  for (const [runId, events] of before) {
    expect(idsOf(after.get(runId) ?? []).slice(0, events.length), "events that were committed").toEqual(idsOf(events));
  }
  const outcome = await outcomeOf(dir);
  expect(outcome.states, "the state that an uninterrupted run comes to").toEqual(reference.states);
  expect([...outcome.actions.keys()], "the actions of an uninterrupted run").toEqual([...reference.actions.keys()]);
  const doubts = countBy([...after.values()].flatMap((events) => doubtsOf(events)));
  for (const [action, times] of outcome.actions) {
    const allowed = (reference.actions.get(action) ?? 0) + (doubts.get(action) ?? 0);
    expect(times, `${action} ran again without being reported as in doubt`).toBeLessThanOrEqual(allowed);
  }
  // Each committed event reached the sinks, and each run's in the order of the commits.
  const emitted = [...new Set(linesOf(join(dir, "emitted")))];
  for (const events of after.values()) {
    const own = new Set(idsOf(events));
    expect(emitted.filter((id) => own.has(id))).toEqual(idsOf(events));
    expect(
      events.filter((event) => event.event === "loop_start"),
      "one start for each run",
    ).toHaveLength(1);
  }
  expect(existsSync(join(dir, "beside")), "an orphan was alive beside a rerun").toBe(false);
  expect(
    linesOf(join(dir, "pids")).filter((pid) => isOf(dir, pid)),
    "orphans that are still alive",
  ).toEqual([]);
  // Whatever is left of runs that are gone goes with the next one that begins.
  const lease = await fileStore({ dir: join(dir, ".loops") }).create(newState({ loop_name: "next" }));
  await lease.release();
  const left = readdirSync(join(dir, ".loops", ".running")).filter(
    (name) => !/\.(?:events\.jsonl|state\.json|blobs)$/.test(name),
  );
  expect(left, "files that nobody needs any more").toEqual([]);
}

/** The actions of a run that were reported as in doubt, once for each time. */
function doubtsOf(events: readonly LoopEvent[]): string[] {
  let iteration: unknown;
  let handoffs = 0;
  const doubts: string[] = [];
  for (const event of events) {
    if (event.event === "state_enter" && event["iteration"] !== iteration) handoffs = 0;
    if (event.event === "state_enter") iteration = event["iteration"];
    if (event.event === "handoff_detected") handoffs += 1;
    const key = `${event["loop"]}:${iteration}${handoffs > 0 ? `.${handoffs}` : ""}`;
    if (event.event === "action_in_doubt") doubts.push(key);
  }
  return doubts;
}

export function countBy(keys: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}

/** Whether the process with that pid is one that this test's actions began. */
function isOf(dir: string, pid: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8").includes(`DIR=${dir}\0`);
  } catch {
    return false; // It is gone.
  }
}
