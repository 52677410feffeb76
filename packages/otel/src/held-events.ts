import type { LoopEvent } from "@loops/core";
import type { Attributes } from "@opentelemetry/api";
import { attributesBytes } from "./attribute-value.js";
import { parentKeyOf, runKeyOf } from "./open-runs.js";
import type { SpanNode } from "./span-node.js";

/** An event as it will be shown, without anything of the object that it came in. */
export interface HeldEvent {
  readonly name: string;
  readonly ms: number;
  readonly attributes: Attributes;
}

/** Events of a run that has no span. */
export interface HeldRun {
  readonly key: string;
  /** Of the run that it is part of. */
  readonly parentKey: string | undefined;
  /** When the first of them came, on a clock that only goes forward. */
  readonly sinceMs: number;
  /** The name of the first of them. */
  readonly first: string;
  readonly events: HeldEvent[];
  /** How many there are, with those that are no more than counted. */
  count: number;
  /** Lines of output among `events`. */
  lines: number;
  /** Lines of output, and other events, that are only counted. */
  furtherLines: number;
  furtherEvents: number;
  bytes: number;
}

/** What of the tree is needed to find a place for them. */
export interface HeldEventsOptions {
  /** How an event will be shown; `undefined` for one that is only to be counted. */
  readonly toShow: (event: LoopEvent, ms: number) => HeldEvent | undefined;
  /** The span of a run that is open. */
  readonly loopOf: (key: string) => SpanNode | undefined;
  /** Puts them on a span. */
  readonly show: (node: SpanNode, run: HeldRun) => void;
  /** Nobody has a place for them. */
  readonly lose: (runs: readonly HeldRun[]) => void;
}

/** Bounds of what is held; all but `runs`, `bytesInAll` and `ms` of one run. A span shows no more of one than about that. */
export const heldBounds = {
  runs: 100,
  events: 128,
  lines: 64,
  bytes: 65_536,
  bytesInAll: 1_048_576,
  ms: 60_000,
} as const;

/**
 * Events that came while no span of their run was open, until it is clear where they belong. After a crash the engine
 * emits again what the sinks may have lost, and then goes on with the run: then they go on the loop span of the segment
 * that begins. Where nobody goes on with the run, they go on the span of the run that it is part of, when that ends or
 * their time is up.
 */
export class HeldEvents {
  readonly #options: HeldEventsOptions;
  /** Those that have been held longest first. */
  readonly #runs = new Map<string, HeldRun>();
  #bytes = 0;

  constructor(options: HeldEventsOptions) {
    this.#options = options;
  }

  /** @param nowMs on a clock that only goes forward */
  hold(event: LoopEvent, ms: number, nowMs: number): void {
    const key = runKeyOf(event);
    const isLine = event.event === "action_output";
    // Before anything is changed: an event may throw when it is read.
    const shown = hasRoom(this.#runs.get(key), isLine) ? this.#options.toShow(event, ms) : undefined;
    const run = this.#runs.get(key) ?? this.#open(key, event, nowMs);
    run.count++;
    const bytes = shown === undefined ? 0 : 128 + attributesBytes(shown.attributes);
    if (shown !== undefined && run.bytes + bytes <= heldBounds.bytes) {
      run.events.push(shown);
      run.bytes += bytes;
      this.#bytes += bytes;
      if (isLine) run.lines++;
    } else if (isLine) run.furtherLines++;
    else run.furtherEvents++;
    this.#bound(nowMs);
  }

  /** The run has a span now. */
  begun(key: string, node: SpanNode): void {
    const run = this.#runs.get(key);
    if (run === undefined) return;
    this.#take(run);
    this.#options.show(node, run);
  }

  /** The run is about to end: what is part of it, and was not gone on with, has its last chance. */
  ending(node: SpanNode): void {
    if (this.#runs.size > 0) this.#settle([...this.#runs.values()].filter((run) => this.#home(run) === node));
  }

  /** Nothing comes any more. */
  close(): void {
    this.#settle([...this.#runs.values()]);
  }

  #open(key: string, event: LoopEvent, sinceMs: number): HeldRun {
    const counts = { count: 0, lines: 0, furtherLines: 0, furtherEvents: 0, bytes: 2 * key.length };
    this.#bytes += counts.bytes;
    const run: HeldRun = { key, parentKey: parentKeyOf(event), sinceMs, first: event.event, events: [], ...counts };
    this.#runs.set(key, run);
    return run;
  }

  /** The ones that have waited longest give way. */
  #bound(nowMs: number): void {
    const giving: HeldRun[] = [];
    let [runs, bytes] = [this.#runs.size, this.#bytes];
    for (const run of this.#runs.values()) {
      const isOver = runs > heldBounds.runs || bytes > heldBounds.bytesInAll;
      if (!isOver && nowMs - run.sinceMs < heldBounds.ms) break;
      giving.push(run);
      runs--;
      bytes -= run.bytes;
    }
    this.#settle(giving);
  }

  #settle(runs: readonly HeldRun[]): void {
    if (runs.length === 0) return;
    // Found before any is taken: the way to a home may lead through one of the others.
    const homes = runs.map((run) => this.#home(run));
    const lost: HeldRun[] = [];
    runs.forEach((run, index) => {
      const home = homes[index];
      this.#take(run);
      if (home === undefined) lost.push(run);
      else this.#options.show(home, run);
    });
    if (lost.length > 0) this.#options.lose(lost);
  }

  /** The span of the innermost open run that the run is part of. */
  #home({ parentKey }: HeldRun): SpanNode | undefined {
    let key = parentKey;
    // Bounded, because nobody keeps writers from naming two runs as part of each other.
    for (let steps = 0; key !== undefined && steps <= this.#runs.size; steps++) {
      const node = this.#options.loopOf(key);
      if (node !== undefined) return node;
      key = this.#runs.get(key)?.parentKey;
    }
    return undefined;
  }

  #take(run: HeldRun): void {
    this.#runs.delete(run.key);
    this.#bytes -= run.bytes;
  }
}

function hasRoom(run: HeldRun | undefined, isLine: boolean): boolean {
  if (run === undefined) return true;
  return run.events.length < heldBounds.events && !(isLine && run.lines >= heldBounds.lines);
}
