import type { LoopEvent } from "@loops/core";
import type { SpanNode } from "./span-node.js";

/** A run that has begun and not ended, with the spans that are open. */
export interface Run {
  readonly key: string;
  readonly loop: SpanNode;
  state: SpanNode | undefined;
  action: SpanNode | undefined;
  /** An action that is over, and whose verdict is not known. */
  acted: { readonly node: SpanNode; readonly endMs: number; readonly exitCode: number | undefined } | undefined;
  /** Of the last action of the state. */
  lastExitCode: number | undefined;
  /** Spans whose identity somebody knows already, of an action that is about to be announced. */
  prepared: { readonly state: SpanNode; readonly action: SpanNode; entered: boolean } | undefined;
  /** The `loop_resume` of a segment that may go on in the middle of a state. */
  resumedIn: LoopEvent | undefined;
  /** Known from its children only. */
  implied: boolean;
  /** The latest time of its events. */
  lastMs: number;
}

/** Time does not go back within a run, whatever the clocks of its writers say: no span ends before it begins. */
export function timeIn(run: Run, ms: number): number {
  if (ms > run.lastMs) run.lastMs = ms;
  return run.lastMs;
}

/** The open runs, by key, those that have been silent longest first. */
export class OpenRuns {
  readonly #runs = new Map<string, Run>();
  #newest: Run | undefined;

  get size(): number {
    return this.#runs.size;
  }

  get(key: string): Run | undefined {
    return this.#runs.get(key);
  }

  /** The run, which is not silent. */
  touch(key: string): Run | undefined {
    const run = this.#runs.get(key);
    if (run !== undefined && run !== this.#newest) {
      this.#runs.delete(key);
      this.#runs.set(key, run);
      this.#newest = run;
    }
    return run;
  }

  open(key: string, loop: SpanNode): Run {
    const run: Run = {
      key,
      loop,
      state: undefined,
      action: undefined,
      acted: undefined,
      lastExitCode: undefined,
      prepared: undefined,
      resumedIn: undefined,
      implied: false,
      lastMs: loop.startMs,
    };
    this.#runs.set(key, run);
    this.#newest = run;
    return run;
  }

  delete(run: Run): void {
    this.#runs.delete(run.key);
    if (this.#newest === run) this.#newest = undefined;
  }

  oldest(): Run | undefined {
    return this.#runs.values().next().value;
  }

  all(): Run[] {
    return [...this.#runs.values()];
  }
}

/** The key of an event's run. Events of other writers may have no `run_id`: then there is one run at each depth. */
export function runKeyOf({ run_id, depth }: LoopEvent): string {
  return typeof run_id === "string" ? run_id : depthKey(depth, 0);
}

/** The key of the run that an event's run is part of. */
export function parentKeyOf({ run_id, parent_run_id, depth }: LoopEvent): string | undefined {
  // A run that is part of itself is part of nothing.
  if (typeof parent_run_id === "string") return parent_run_id === run_id ? undefined : parent_run_id;
  return typeof run_id !== "string" && typeof depth === "number" && depth > 0 ? depthKey(depth, 1) : undefined;
}

/** Not an id that anybody has: ids of runs have no blanks. */
function depthKey(depth: unknown, above: number): string {
  return ` ${(Number.isInteger(depth) ? Number(depth) : 0) - above}`;
}
