import { type Run, timeIn } from "./open-runs.js";
import { actionEnd } from "./outcome.js";
import type { ShownEvents } from "./shown-events.js";
import type { SpanEnd, SpanNode, SpanOperations } from "./span-node.js";

/** How the spans of a run end. Where there is none to be ended, nothing happens. */
export class SpanEnds {
  readonly #operations: SpanOperations;
  readonly #shown: ShownEvents;

  constructor(operations: SpanOperations, shown: ShownEvents) {
    this.#operations = operations;
    this.#shown = shown;
  }

  /** Ends the span of an action that is over, now that its verdict is known, or is not to come. */
  settleAction(run: Run, verdict: unknown): void {
    const { acted } = run;
    if (acted === undefined) return;
    run.acted = undefined;
    run.lastExitCode = acted.exitCode;
    this.end(acted.node, acted.endMs, actionEnd(acted.exitCode, verdict));
  }

  /** Ends an action that is not over. */
  cutAction(run: Run, ms: number): void {
    if (run.action === undefined) return;
    this.#cut(run.action, timeIn(run, ms));
    run.action = undefined;
  }

  endState(run: Run, ms: number): void {
    if (run.state === undefined) return;
    this.end(run.state, timeIn(run, ms), "unset");
    run.state = undefined;
  }

  discardPrepared(run: Run): void {
    const { prepared } = run;
    if (prepared === undefined) return;
    run.prepared = undefined;
    this.#operations.discard(prepared.action);
    if (!prepared.entered) this.#operations.discard(prepared.state);
  }

  /** Ends all spans of a run that nobody has ended. */
  cutRun(run: Run, ms: number): void {
    const at = timeIn(run, ms);
    this.settleAction(run, undefined);
    this.cutAction(run, at);
    this.discardPrepared(run);
    if (run.state !== undefined) this.#cut(run.state, at);
    run.state = undefined;
    this.#cut(run.loop, at);
  }

  end(node: SpanNode, ms: number, how: SpanEnd): void {
    this.#shown.sum(node);
    const end = node.failure !== undefined && typeof how === "string" ? node.failure : how;
    if (typeof end === "object") this.#operations.amend(node, { "error.type": end.type });
    this.#operations.end(node, Math.max(ms, node.startMs), end);
  }

  #cut(node: SpanNode, ms: number): void {
    this.#operations.amend(node, { "loops.unfinished": true });
    this.end(node, ms, "unset");
  }
}
