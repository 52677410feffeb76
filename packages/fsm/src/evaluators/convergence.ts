import type { ConvergenceConfig } from "../definition/types.js";
import type { Evaluator, EvaluatorMemory } from "./evaluation.js";
import { excerpt } from "./excerpt.js";
import { jsonNumber, numberOf, pythonFloat } from "./python/float.js";

/**
 * `target` once the text, as a number, is at the target or beyond it, `progress` while it comes nearer and the first
 * time, `stall` where it does not. The value before is the config's `previous`, or else what this state itself had the
 * last time in this run. `error` where the text or the target is no number.
 */
export const evaluateConvergence: Evaluator<ConvergenceConfig> = (config, { text, memory }) => {
  const current = pythonFloat(text);
  if (current === null) return { verdict: "error", details: { error: `no number: ${excerpt(text)}` } };
  const target = numberOf(config.target);
  if (target === null) {
    return { verdict: "error", details: { error: `the target ${JSON.stringify(config.target)} is no number` } };
  }
  const tolerance = numberOf(config.tolerance) ?? 0;
  const previous = numberOf(config.previous) ?? numberOf(memory?.["value"]);
  const direction = config.direction ?? "minimize";
  const isMinimum = direction === "minimize";
  const remembered = remember(current);

  if (isMinimum ? current <= target + tolerance : current >= target - tolerance) {
    return {
      verdict: "target",
      details: { current: jsonNumber(current), target: jsonNumber(target), delta: 0 },
      ...remembered,
    };
  }
  const values = { current: jsonNumber(current), previous: null, target: jsonNumber(target) };
  if (previous === null) return { verdict: "progress", details: { ...values, delta: null }, ...remembered };
  const delta = current - previous;
  return {
    verdict: (isMinimum ? delta < 0 : delta > 0) ? "progress" : "stall",
    details: { ...values, previous: jsonNumber(previous), delta: jsonNumber(delta), direction },
    ...remembered,
  };
};

/** What is not finite is not remembered: JSON cannot hold it, and nothing comes nearer from there. */
function remember(current: number): { memory?: EvaluatorMemory } {
  return Number.isFinite(current) ? { memory: { value: current } } : {};
}
