import type { ActionResult } from "../run-state.js";
import type { ActionOutcome, ActionRequest, PreparedAction } from "./runner.js";
import { waitForEnd } from "./wait-for-end.js";

/** What an action inside this process gives: everything but the time it took. */
export type InProcessResult = Omit<ActionResult, "duration_ms">;

/** Tells an action to end: at its timeout, and when the engine has to. Made only for those that look at it. */
export interface LazySignal {
  readonly signal: AbortSignal;
}

const timeoutExitCode = 124;
/** `EX_SOFTWARE` of sysexits.h: neither a yes nor a no. */
const thrownExitCode = 70;

/**
 * An action inside this process, by the rules of one that has a process of its own: nothing before it is started, 124 at
 * its timeout, `cancelled` when it is aborted. What goes on in spite of its signal is left to itself, and what it gives
 * then is not looked at. One that throws has exit code 70, with the error on its standard error.
 */
export function inProcessAction(
  request: ActionRequest,
  work: (ending: LazySignal) => InProcessResult | Promise<InProcessResult>,
): PreparedAction {
  let outcome: ActionOutcome | Promise<ActionOutcome> | undefined;
  return {
    process: null,
    start() {
      outcome ??= request.signal.aborted ? { kind: "cancelled" } : run(request, work);
      return outcome;
    },
    abandon() {
      outcome ??= { kind: "cancelled" };
    },
  };
}

function run(
  request: ActionRequest,
  work: (ending: LazySignal) => InProcessResult | Promise<InProcessResult>,
): ActionOutcome | Promise<ActionOutcome> {
  const begun = performance.now();
  const ending = new Ending();
  let result: InProcessResult | Promise<InProcessResult>;
  try {
    result = work(ending);
  } catch (error) {
    result = thrown(error);
  }
  // Nothing to wait for, so nothing that a timer or a signal could end.
  return result instanceof Promise
    ? outlive(request, result.catch(thrown), ending, begun)
    : completed(request, result, begun);
}

async function outlive(
  request: ActionRequest,
  working: Promise<InProcessResult>,
  ending: Ending,
  begun: number,
): Promise<ActionOutcome> {
  const { timeoutMs, signal } = request;
  const end = await waitForEnd({ exited: working, timeoutMs, signals: [signal] });
  if (end.kind === "exited") return completed(request, end.status, begun);
  if (end.kind === "aborted") {
    ending.abort(signal.reason);
    return { kind: "cancelled" };
  }
  ending.abort(new Error(`the action was not over after ${timeoutMs} ms`));
  const result = { output: "", stderr: "Action timed out", exit_code: timeoutExitCode, duration_ms: timeoutMs };
  return { kind: "completed", result };
}

function completed({ onLine }: ActionRequest, { output, stderr, exit_code }: InProcessResult, begun: number) {
  for (const line of linesOf(output)) onLine(line);
  const duration_ms = Math.round(performance.now() - begun);
  return { kind: "completed", result: { output, stderr, exit_code, duration_ms } } as const;
}

function thrown(error: unknown): InProcessResult {
  const text = error instanceof Error ? (error.stack ?? String(error)) : String(error);
  return { output: "", stderr: `${text}\n`, exit_code: thrownExitCode };
}

class Ending implements LazySignal {
  #controller: AbortController | undefined;

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    return this.#controller.signal;
  }

  abort(reason: unknown): void {
    this.#controller?.abort(reason);
  }
}

/** As a stream would give them: right-stripped, and an end of line at the end begins no further one. */
function linesOf(output: string): readonly string[] {
  if (output === "") return [];
  const lines = output.split("\n").map((line) => line.trimEnd());
  return output.endsWith("\n") ? lines.slice(0, -1) : lines;
}
