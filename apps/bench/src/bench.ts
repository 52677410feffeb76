import type { clocks } from "./clocks.js";
import type { Unit } from "./units.js";

/** One of the two things compared. */
export interface Side {
  /**
   * Does the work `iterations` times.
   * @returns how often it can show that the work was done; anything but `iterations` fails the benchmark, so that
   * work which the compiler removed, or a sink that dropped, is never reported as speed
   */
  run(iterations: number): number | Promise<number>;
  /** Throws away what a round left behind. Not timed. */
  reset?(): void | Promise<void>;
}

export interface SetupOptions {
  /** Less data than speed is measured with: enough to see that the benchmark works. */
  readonly short: boolean;
}

/** What a benchmark holds while it runs. */
export interface Sides {
  readonly ours: Side;
  readonly theirs: Side;
  /** What a reader of the figures has to know about this machine. */
  readonly note?: string;
  /** Releases what `setup` made. */
  teardown?(): void | Promise<void>;
}

/** A comparison of ours with theirs. One file in `benches/` each. */
export interface Bench {
  /** Kebab-case, as given on the command line. */
  readonly name: string;
  /** One sentence: what is done, and what "theirs" is. */
  readonly what: string;
  readonly unit: Unit;
  /** What `ours / theirs` may be: at most this where a lower value is better, at least this where a higher one is. */
  readonly bar: number | null;
  /** What ours has to reach by itself, in `unit`, whatever theirs does. @default nothing */
  readonly least?: number;
  /**
   * What is counted: time on a processor, to which the work of others adds nothing, or, where a side waits for a thread, a
   * disk or a process, the time that passes. @default "cpu"
   */
  readonly clock?: keyof typeof clocks;
  /** How long a side takes at a time, in milliseconds: longer where it has to begin with something. @default 30 */
  readonly runMs?: number;
  /** What this machine lacks for it: then it is left out, and said so. @default nothing */
  lacks?(): string | undefined;
  /** Makes both sides, each with closures of its own, so that neither is measured with the other's inline caches. */
  setup(options: SetupOptions): Sides | Promise<Sides>;
}
