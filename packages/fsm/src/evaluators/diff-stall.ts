import { createHash } from "node:crypto";
import { errorMessage } from "@loops/core";
import type { DiffStallConfig } from "../definition/types.js";
import type { EvaluatorEffects, EvaluatorInput, Verdict } from "./evaluation.js";

/**
 * `no` once the differences in the working tree have been the same for `max_stall` looks in a row, else `yes`. The run
 * remembers what was seen, by its hash. `error` where the differences cannot be had.
 */
export async function evaluateDiffStall(
  { scope = [], max_stall = 1 }: DiffStallConfig,
  { memory }: EvaluatorInput,
  { diffStat, signal }: Pick<EvaluatorEffects, "diffStat" | "signal">,
): Promise<Verdict> {
  let diff: string;
  try {
    diff = await diffStat(scope, signal);
  } catch (error) {
    signal.throwIfAborted();
    return { verdict: "error", details: { error: errorMessage(error) } };
  }
  const snapshot = createHash("sha256").update(diff).digest("base64url");
  const diff_changed = memory?.["snapshot"] !== snapshot;
  const stall_count = diff_changed ? 0 : countOf(memory) + 1;
  return {
    verdict: !diff_changed && stall_count >= max_stall ? "no" : "yes",
    details: { stall_count, max_stall, diff_changed },
    memory: { snapshot, stall_count },
  };
}

function countOf(memory: EvaluatorInput["memory"]): number {
  const count = memory?.["stall_count"];
  return typeof count === "number" ? count : 0;
}
