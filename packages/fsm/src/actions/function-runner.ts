import { inspect } from "node:util";
import { LoopsError } from "@loops/core";
import { type InProcessResult, inProcessAction, type LazySignal } from "./in-process.js";
import type { ActionRequest, ActionRunner } from "./runner.js";

/** What a function is called with. */
export interface FunctionCall extends LazySignal {
  /** `params` of the state, with templates filled in; `{}` without any. */
  readonly params: Readonly<Record<string, unknown>>;
  /** `LOOPS_RUN_ID`, `LOOPS_IDEMPOTENCY_KEY` and what else an action is told. */
  readonly env: Readonly<Record<string, string>>;
  /** Working directory of the run's actions. */
  readonly cwd: string;
  /** Aborted at the timeout and when the engine has to end the action. Whoever obeys it leaves nothing running. */
  readonly signal: AbortSignal;
}

/** Its output as text, or that with an exit code; nothing is an empty output. Exit code 0 unless it says otherwise. */
export type FunctionResult = string | undefined | Partial<InProcessResult>;

/** An action written in TypeScript. What it throws is exit code 70, which is the verdict `error`. */
// biome-ignore lint/suspicious/noConfusingVoidType: a function that returns nothing is an action, too
export type ActionFunction = (call: FunctionCall) => FunctionResult | void | Promise<FunctionResult | void>;

/**
 * Runs actions that are functions of this process: the text of the action is the function's name.
 *
 * A function cannot be ended from outside, and one that never returns control holds up everything. After a kill nothing
 * of it is left, so an action in doubt is only reported and called again.
 *
 * @throws LoopsError `LOOPS_CONFIG` for something that is no function
 */
export function functionRunner(functions: Readonly<Record<string, ActionFunction>>): ActionRunner {
  if (typeof functions !== "object" || functions === null) {
    throw new LoopsError("LOOPS_CONFIG", "[function-runner] give it functions by name: functionRunner({ name() { } })");
  }
  for (const [name, value] of Object.entries(functions)) {
    if (typeof value === "function") continue;
    throw new LoopsError(
      "LOOPS_CONFIG",
      `[function-runner] ${JSON.stringify(name)} is no function but ${typeof value}`,
    );
  }
  return {
    prepare: (request) => inProcessAction(request, { work: (ending) => call(functions, request, ending) }),
    endOrphan: () => Promise.resolve(false),
  };
}

const notFoundExitCode = 127;
const empty: Readonly<Record<string, unknown>> = {};

function call(
  functions: Readonly<Record<string, ActionFunction>>,
  { command, params = empty, env, cwd }: ActionRequest,
  ending: LazySignal,
): InProcessResult | Promise<InProcessResult> {
  const name = command.trim();
  const action = Object.hasOwn(functions, name) ? functions[name] : undefined;
  if (action === undefined) {
    const known = Object.keys(functions).join(", ") || "none";
    const stderr = `[function-runner] there is no function ${JSON.stringify(name)}; known: ${known}.\n`;
    return { output: "", stderr, exit_code: notFoundExitCode };
  }
  const given = action({
    params,
    env,
    cwd,
    get signal() {
      return ending.signal;
    },
  });
  return isThenable(given) ? Promise.resolve(given).then(resultOf) : resultOf(given);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

/** A slip must not pass for a success: whatever is no result is refused, and that is the verdict `error`. */
function resultOf(given: unknown): InProcessResult {
  if (given === undefined) return { output: "", stderr: "", exit_code: 0 };
  if (typeof given === "string") return { output: given, stderr: "", exit_code: 0 };
  if (typeof given !== "object" || given === null || Array.isArray(given)) throw noResult(inspect(given, { depth: 0 }));
  const unknown = Object.keys(given).find((key) => !fields.has(key));
  if (unknown !== undefined) throw noResult(`an object with ${JSON.stringify(unknown)}`);
  const { output = "", stderr = "", exit_code = 0 } = given as Readonly<Record<string, unknown>>;
  if (typeof output !== "string" || typeof stderr !== "string") throw noResult("output or stderr that is no text");
  if (!Number.isSafeInteger(exit_code)) throw noResult(`the exit code ${inspect(exit_code, { depth: 0 })}`);
  return { output, stderr, exit_code: exit_code as number };
}

/** The last one is in every result of an action, which may be passed on. */
const fields: ReadonlySet<string> = new Set(["output", "stderr", "exit_code", "duration_ms"]);

function noResult(what: string): TypeError {
  return new TypeError(
    `[function-runner] A function that is an action returns text, nothing, or { output, stderr, exit_code }, not ${what}.`,
  );
}
