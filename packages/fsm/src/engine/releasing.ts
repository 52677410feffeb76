import type { RunLease } from "@loops/core";
import type { RunState } from "../run-state.js";
import type { Effects } from "./effects.js";
import type { RunResult } from "./options.js";
import { Segment } from "./segment.js";

/** Gives a lease up whatever happened; a failure to do so must not hide what the work had to say. */
export async function releasing<T>(
  lease: RunLease<RunState>,
  warn: (warning: Error) => void,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } finally {
    try {
      await lease.release();
    } catch (error) {
      warn(error instanceof Error ? error : new Error(String(error)));
    }
  }
}

/** Carries a segment out and gives the run up; only then may its successor, if there is one, take it. */
export async function carryOut(
  lease: RunLease<RunState>,
  effects: Effects,
  work: (segment: Segment) => Promise<RunResult>,
): Promise<RunResult> {
  const segment = new Segment(lease, effects);
  try {
    const result = await releasing(lease, effects.warn, () => work(segment));
    segment.successor?.open();
    return result;
  } catch (error) {
    segment.successor?.discard();
    throw error;
  }
}
