import type { RunLease } from "@loops/core";
import type { RunState } from "../run-state.js";
import type { RunResult } from "./options.js";
import type { Segment } from "./segment.js";

/** Gives a lease up whatever happened; a failure to do so must not hide what the work had to say. */
export async function releasing<T>(
  lease: RunLease<RunState>,
  warn: (warning: Error) => void,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } finally {
    await release(lease, warn);
  }
}

/** Never rejects. */
export async function release(lease: RunLease<RunState>, warn: (warning: Error) => void): Promise<void> {
  try {
    await lease.release();
  } catch (error) {
    warn(error instanceof Error ? error : new Error(String(error)));
  }
}

/**
 * Carries a segment out and gives the run up, and before it a child that was held for it and not needed; only then may
 * its successor, if there is one, take it.
 */
export async function carryOut(segment: Segment, work: (segment: Segment) => Promise<RunResult>): Promise<RunResult> {
  const { lease, effects } = segment;
  try {
    const result = await releasing(lease, effects.warn, async () => {
      try {
        return await work(segment);
      } finally {
        await segment.held?.release();
      }
    });
    segment.successor?.open();
    return result;
  } catch (error) {
    segment.successor?.discard();
    throw error;
  }
}
