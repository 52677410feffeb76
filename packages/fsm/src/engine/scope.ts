import { resolve, sep } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { LoopsError, type StateStore } from "@loops/core";
import type { RunState } from "../run-state.js";

type Scope = readonly string[];
type Claimant = Pick<RunState, "run_id" | "loop_name" | "depth" | "scope">;

/** A run with the paths it works on, absolute: what another process has as its working directory must not matter. */
export function withScope(state: RunState, cwd: string): RunState {
  const { scope = [] } = state.definition;
  return scope.length === 0 ? state : { ...state, scope: scope.map((path) => resolve(cwd, path)) };
}

/** Whether two runs would work on the same files: a path of one is a path of the other, or lies in it. Pure. */
export function overlap(a: Scope, b: Scope): boolean {
  return a.some((left) => b.some((right) => isWithin(left, right) || isWithin(right, left)));
}

function isWithin(path: string, directory: string): boolean {
  const start = directory.endsWith(sep) ? directory : directory + sep;
  return path === directory || path.startsWith(start);
}

/**
 * Refuses a run whose paths another living run works on. The lease of a run is what holds its paths: it names its owner,
 * and is free when that has died. Loops in a loop work for their parent, and are not asked.
 *
 * @throws LoopsError `LOOPS_SCOPE_HELD`
 */
export async function requireFreeScope(store: StateStore<RunState>, claimant: Claimant): Promise<void> {
  const holder = await holderOf(store, claimant);
  if (holder !== undefined) throw scopeHeld(claimant, holder);
}

const patienceMs = 500;
const lookMs = 20;

/**
 * The same, for a run that others can see only now, since its first commit. Two that began at once see each other: the
 * one with the later id gives way at once, the other waits a moment for that.
 *
 * @throws LoopsError `LOOPS_SCOPE_HELD`
 */
export async function requireFreeScopeStill(store: StateStore<RunState>, claimant: Claimant): Promise<void> {
  const deadlineMs = performance.now() + patienceMs;
  for (;;) {
    const holder = await holderOf(store, claimant);
    if (holder === undefined) return;
    if (holder.run_id < claimant.run_id || performance.now() > deadlineMs) throw scopeHeld(claimant, holder);
    await sleep(lookMs);
  }
}

async function holderOf(
  store: StateStore<RunState>,
  { run_id, depth, scope = [] }: Claimant,
): Promise<RunState | undefined> {
  if (scope.length === 0 || depth > 0) return undefined;
  const others = (await store.list()).runs.filter(
    (other) => other.run_id !== run_id && other.depth === 0 && overlap(scope, other.scope ?? []),
  );
  // All at once: a store that reads files to tell needs to read them once.
  const owned = await Promise.all(others.map((other) => store.isOwned(other.run_id)));
  return others.find((_, index) => owned[index]);
}

function scopeHeld({ loop_name, scope = [] }: Claimant, holder: RunState): LoopsError {
  const message =
    `[engine] loop "${loop_name}" works on ${scope.join(", ")}, and so does run ${holder.run_id} of loop ` +
    `"${holder.loop_name}" (${(holder.scope ?? []).join(", ")}). Wait until that has ended, or stop it.`;
  return new LoopsError("LOOPS_SCOPE_HELD", message);
}
