import type { StepInput } from "../step/types.js";
import { runChild } from "./child.js";
import { drive } from "./drive.js";
import type { RunResult } from "./options.js";
import { resultOf } from "./run-result.js";
import type { Segment } from "./segment.js";

/** Runs a segment to its end and tells the sinks. The lease stays with the caller. @throws LoopsError as the store does */
export async function runSegment(segment: Segment, first: StepInput): Promise<RunResult> {
  const release = segment.obeySignals();
  try {
    await drive(segment, first, (entry, child) => runChild(segment, entry, child, runSegment));
  } finally {
    release();
    segment.journal.close();
    await segment.flushMark.finish(segment.isOutermost ? "always" : "unless_hanging");
  }
  return resultOf(segment.lease.state);
}
