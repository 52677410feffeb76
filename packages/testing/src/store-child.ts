import type { RunLease, StateStore } from "@loops/core";

/** Begins each line that says up to which seq a run has been committed. */
export const COMMITTED = "committed ";

/** The fields of a run that the kit and its child agree on. */
export const childLoop = "kit-child";

/**
 * What the script of a `killable` store calls with a store on the same runs: goes on with the run that is free, or
 * begins one, and commits until the kit kills the process. Behind each commit it writes to stdout what is now on record.
 *
 * @returns never
 */
export async function storeChild(store: StateStore): Promise<never> {
  // The kit is gone, or has heard enough.
  process.stdout.on("error", () => process.exit());
  const lease = await lead(store);
  for (let n = Number(lease.state["iteration"]) + 1; ; n += 1) {
    const events = Array.from({ length: 1 + (n % 3) }, (_, part) => ({
      event: "step",
      ts: "2026-01-15T10:30:00.123Z",
      id: `${lease.epoch}-${n}-${part}`,
      n,
    }));
    // Beside what changes at each commit, now and then a text that a store may keep apart.
    const output = n % 20 === 0 ? String(n).padStart(20_000, "x") : String(n);
    await lease.commit(events, { set: { iteration: n }, captured: { last: { output } } });
    process.stdout.write(`${COMMITTED}${n} ${lease.seq}\n`);
    // A store that never waits must not keep the process from hearing that its reader is gone.
    if (n % 16 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}

async function lead(store: StateStore): Promise<RunLease> {
  const found = await store.find(childLoop);
  if (found !== null) return store.acquire(found.run_id);
  const state = {
    run_id: "01KITCHILD",
    loop_name: childLoop,
    status: "running",
    started_at: "2026-01-15T10:30:00.123Z",
    parent_run_id: null,
    current_state: "check",
    iteration: 0,
    captured: {},
  };
  return store.create(state);
}
