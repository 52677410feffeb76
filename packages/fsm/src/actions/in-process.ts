import type { ActionResult, ProcessIdentity } from "../run-state.js";
import { boundedLines } from "./bounded-lines.js";
import { boundedOutput } from "./bounded-output.js";
import { lineSplitter } from "./line-splitter.js";
import type { ActionOutcome, ActionRequest, PreparedAction } from "./runner.js";
import { waitForEnd } from "./wait-for-end.js";

/** What an action inside this process gives: everything but the time it took. */
export type InProcessResult = Omit<ActionResult, "duration_ms">;

/** Tells an action to end: at its timeout, and when the engine has to. Made only for those that look at it. */
export interface LazySignal {
  readonly signal: AbortSignal;
}

/** What an action does in this process. */
export interface InProcessWork {
  readonly work: (ending: LazySignal) => InProcessResult | PromiseLike<InProcessResult>;
  /** Of a process that serves it. @default null */
  readonly process?: ProcessIdentity | null | undefined;
  /** Called once instead of `work` where the action is given up before it was started. */
  readonly abandon?: (() => void) | undefined;
  /**
   * Called once `work` has given its result, or has been told to end (`atOnce`), and waited for outside of the timeout. Must
   * come to an end by itself. @default nothing
   */
  readonly clearUp?: ((atOnce: boolean) => Promise<void>) | undefined;
}

const timeoutExitCode = 124;
/** `EX_SOFTWARE` of sysexits.h: neither a yes nor a no. */
const thrownExitCode = 70;
/** As of a shell's action. */
const maxOutputBytes = 10 * 1024 * 1024;
const maxLineChars = 64 * 1024;

/**
 * An action inside this process, by the rules of one that has a process of its own: nothing before it is started, 124 at
 * its timeout, `cancelled` when it is aborted. What goes on in spite of its signal is left to itself, and what it gives
 * then is not looked at. One that throws has exit code 70, with the error on its standard error.
 */
export function inProcessAction(request: ActionRequest, todo: InProcessWork): PreparedAction {
  let outcome: ActionOutcome | Promise<ActionOutcome> | undefined;
  const cancel = (): ActionOutcome => {
    todo.abandon?.();
    return { kind: "cancelled" };
  };
  return {
    process: todo.process ?? null,
    start() {
      outcome ??= request.signal.aborted ? cancel() : run(request, todo);
      return outcome;
    },
    abandon() {
      outcome ??= cancel();
    },
  };
}

function run(request: ActionRequest, todo: InProcessWork): ActionOutcome | Promise<ActionOutcome> {
  const begun = performance.now();
  const ending = new Ending();
  let result: InProcessResult | PromiseLike<InProcessResult>;
  try {
    result = todo.work(ending);
  } catch (error) {
    result = thrown(error);
  }
  // Nothing to wait for, so nothing that a timer or a signal could end.
  if (!("then" in result) && todo.clearUp === undefined) return completed(request, result, begun);
  return outlive(request, todo, Promise.resolve(result).catch(thrown), { ending, begun });
}

async function outlive(
  request: ActionRequest,
  { clearUp }: InProcessWork,
  working: Promise<InProcessResult>,
  { ending, begun }: { readonly ending: Ending; readonly begun: number },
): Promise<ActionOutcome> {
  const { timeoutMs, signal } = request;
  const early = await soon(working);
  const end =
    early !== undefined && !signal.aborted
      ? ({ kind: "exited", status: early } as const)
      : await waitForEnd({ exited: working, timeoutMs, signals: [signal] });
  if (end.kind === "exited") {
    const outcome = completed(request, end.status, begun);
    await clearUp?.(false);
    return outcome;
  }
  const isTimeout = end.kind === "timed-out";
  ending.abort(isTimeout ? new Error(`the action was not over after ${timeoutMs} ms`) : signal.reason);
  await clearUp?.(true);
  if (!isTimeout) return { kind: "cancelled" };
  const result = { output: "", stderr: "Action timed out", exit_code: timeoutExitCode, duration_ms: timeoutMs };
  return { kind: "completed", result };
}

/** So many turns take a function that is `async` and waits for nothing. */
const microtaskTurns = 4;

/**
 * What is there after a few microtasks, in which no timer can fire: a timer and a listener for each action cost more than
 * all the rest of it.
 */
async function soon(working: Promise<InProcessResult>): Promise<InProcessResult | undefined> {
  const settled: { result?: InProcessResult } = {};
  void working.then((result) => {
    settled.result = result;
  });
  for (let turn = 0; turn < microtaskTurns && settled.result === undefined; turn++) await undefined;
  return settled.result;
}

function completed(request: ActionRequest, given: InProcessResult, begun: number) {
  const { exit_code } = given;
  const output = bounded(given.output);
  passLines(output, request.onLine);
  const duration_ms = Math.round(performance.now() - begun);
  return { kind: "completed", result: { output, stderr: bounded(given.stderr), exit_code, duration_ms } } as const;
}

function thrown(error: unknown): InProcessResult {
  const text = error instanceof Error ? (error.stack ?? String(error)) : String(error);
  return { output: "", stderr: `${text}\n`, exit_code: thrownExitCode };
}

class Ending implements LazySignal {
  #controller: AbortController | undefined;
  #reason: { readonly reason: unknown } | undefined;

  /** Whoever asks late finds it aborted. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason.reason);
    }
    return this.#controller.signal;
  }

  abort(reason: unknown): void {
    this.#reason = { reason };
    this.#controller?.abort(reason);
  }
}

/** What a stream would have been cut to. */
function bounded(text: string): string {
  // A character has at most three bytes in UTF-8 for each unit of its length.
  if (text.length * 3 <= maxOutputBytes) return text;
  const output = boundedOutput(maxOutputBytes);
  output.write(Buffer.from(text));
  return output.text();
}

/** As a stream would give them: right-stripped, and an end of line at the end begins no further one. */
function passLines(output: string, onLine: (line: string) => void): void {
  if (output === "") return;
  if (output.length > maxLineChars) {
    const told = boundedLines(onLine, maxOutputBytes);
    const lines = lineSplitter(told.pass, maxLineChars);
    lines.write(Buffer.from(output));
    lines.end();
    told.end();
    return;
  }
  const lines = output.split("\n");
  if (output.endsWith("\n")) lines.pop();
  for (const line of lines) onLine(line.trimEnd());
}
