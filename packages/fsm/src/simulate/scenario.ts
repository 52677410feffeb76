import { inspect } from "node:util";
import { LoopsError } from "@loops/core";
import { didYouMean } from "../definition/suggest.js";

/** How a simulated action ends: an exit code, or a verdict, whatever evaluator the state has. */
export type ScenarioAnswer = number | { readonly verdict: string };

/** Answers for the `n`-th action, or evaluator without an action, of the whole simulation; the first is 1. */
export type ScenarioFunction = (state: string, n: number) => ScenarioAnswer;

const named = {
  "all-pass": () => 0,
  "all-fail": () => 1,
  "all-error": () => 2,
  "first-fail": (_state, n) => (n === 1 ? 1 : 0),
  alternating: (_state, n) => n % 2,
} satisfies Readonly<Record<string, ScenarioFunction>>;

/** `first-fail` fails once and passes from then on; `alternating` fails every other time, the first one included. */
export type ScenarioName = keyof typeof named;

export const scenarioNames = Object.keys(named) as readonly ScenarioName[];

/** What an action and its evaluator are answered with. */
export interface Answer {
  readonly exitCode: number;
  /** Only where the scenario said a verdict instead of an exit code. */
  readonly verdict: string | null;
}

/** @throws LoopsError `LOOPS_CONFIG` for a name that is none; what is returned throws it for an answer that is none */
export function answering(scenario: ScenarioName | ScenarioFunction): (state: string) => Answer {
  const answer = scenarioFunction(scenario);
  let n = 0;
  return (state) => toAnswer(answer(state, ++n), state);
}

function scenarioFunction(scenario: unknown): ScenarioFunction {
  if (typeof scenario === "function") return scenario as ScenarioFunction;
  if (typeof scenario === "string" && Object.hasOwn(named, scenario)) return named[scenario as ScenarioName];
  const near = typeof scenario === "string" ? didYouMean(scenario, scenarioNames) : "";
  throw wrong(`scenario is ${inspect(scenario)}: give one of ${scenarioNames.join(", ")}, or a function.${near}`);
}

const exitCodes = new Map([
  ["yes", 0],
  ["no", 1],
  ["error", 2],
]);

function toAnswer(given: unknown, state: string): Answer {
  if (Number.isSafeInteger(given)) return { exitCode: given as number, verdict: null };
  const verdict: unknown =
    typeof given === "object" && given !== null && "verdict" in given ? given.verdict : undefined;
  if (typeof verdict === "string" && verdict !== "") return { exitCode: exitCodes.get(verdict) ?? 0, verdict };
  throw wrong(`the scenario answered ${inspect(given)} for the state "${state}": give an exit code, or { verdict }.`);
}

function wrong(what: string): LoopsError {
  return new LoopsError("LOOPS_CONFIG", `[simulate] ${what}`);
}
