import type { Bench, Side } from "./bench.js";
import { clocks } from "./clocks.js";
import { type Unit, units } from "./units.js";

export interface RunOptions {
  /** Timed rounds; the median counts. @default 15 */
  readonly rounds?: number;
  /** Untimed rounds before them. @default 3 */
  readonly warmUpRounds?: number;
  /** How long each side takes at a time, of two in a round. @default what the benchmark says, else 30 */
  readonly runMs?: number;
  /** Less data, where a benchmark needs much of it. @default false */
  readonly short?: boolean;
  /** Milliseconds, monotonic. @default the clock of the benchmark */
  readonly now?: () => number;
}

/** What a benchmark found; the shape of one line of `--json`. */
export interface Result {
  readonly name: string;
  /** Median, in `unit`. */
  readonly ours: number;
  /** Median, in `unit`. */
  readonly theirs: number;
  readonly unit: Unit;
  /** `ours / theirs`, the median of the rounds: not the quotient of both medians. */
  readonly ratio: number;
  readonly bar: number | null;
  /** What ours has to reach by itself; absent where there is no such bar. */
  readonly least?: number;
  /** The ratio is at most the bar where lower is better, at least the bar where higher is; and ours is at least `least`. */
  readonly ok: boolean;
  readonly note?: string;
}

const maxIterations = 2 ** 30;
/** Of one round. */
const order = ["ours", "theirs", "theirs", "ours"] as const;

/** @throws RangeError for an empty list */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[sorted.length >> 1];
  const lower = sorted[(sorted.length - 1) >> 1];
  if (upper === undefined || lower === undefined) throw new RangeError("median of nothing");
  return (lower + upper) / 2;
}

/** What one round, or the median of them, cost each side. */
interface Costs {
  readonly ours: number;
  readonly theirs: number;
}

/** Turns the nanoseconds per operation of each round into a verdict. @throws RangeError without a round */
export function verdict(
  { name, unit, bar, least }: Pick<Bench, "name" | "unit" | "bar" | "least">,
  rounds: readonly Costs[],
): Result {
  const { better, fromNsPerOp } = units[unit];
  const ours = fromNsPerOp(median(rounds.map((round) => round.ours)));
  const theirs = fromNsPerOp(median(rounds.map((round) => round.theirs)));
  // Both sides of a round ran one after the other: what slowed one down has most likely slowed the other, too.
  const ratio = median(rounds.map((round) => fromNsPerOp(round.ours) / fromNsPerOp(round.theirs)));
  const reaches = (value: number, wanted: number) => (better === "lower" ? value <= wanted : value >= wanted);
  const ok = (bar === null || reaches(ratio, bar)) && (least === undefined || reaches(ours, least));
  return { name, ours, theirs, unit, ratio, bar, ...(least !== undefined && { least }), ok };
}

/**
 * Measures one benchmark: both sides alternate in this process, and change places within each round, so that whatever
 * else the machine does falls on both, and so does the garbage that one leaves to the other. Tears down what it set up,
 * whatever happens.
 *
 * @throws Error when a side did not do all of its work
 */
export async function runBench(bench: Bench, options: RunOptions = {}): Promise<Result> {
  const { rounds = 15, warmUpRounds = 3, short = false } = options;
  const { runMs = bench.runMs ?? 30, now = clocks[bench.clock ?? "cpu"] } = options;
  const sides = await bench.setup({ short });
  try {
    const iterations = {
      ours: await calibrate(sides.ours, runMs, now),
      theirs: await calibrate(sides.theirs, runMs, now),
    };
    const measured: Costs[] = [];
    for (let round = -warmUpRounds; round < rounds; round++) {
      const costs = { ours: 0, theirs: 0 };
      for (const which of order) {
        const ms = await timeRun(sides[which], iterations[which], now);
        costs[which] += (ms * 1e6) / iterations[which] / 2;
      }
      if (round >= 0) measured.push(costs);
    }
    const result = verdict(bench, measured);
    return sides.note === undefined ? result : { ...result, note: sides.note };
  } finally {
    await sides.teardown?.();
  }
}

/**
 * How many iterations take about `ms`. Doubling warms the code up on the way; what seemed to take so long is tried once
 * more, because it may have been the compiler.
 */
export async function calibrate(side: Side, ms: number, now: () => number): Promise<number> {
  for (let iterations = 1; ; iterations = Math.min(2 * iterations, maxIterations)) {
    const first = await timeRun(side, iterations, now);
    if (first < ms && iterations < maxIterations) continue;
    const estimate = Math.max(1, Math.round((iterations * ms) / first));
    const again = await timeRun(side, estimate, now);
    if (again > ms / 2 || estimate >= maxIterations) return Math.max(1, Math.round((estimate * ms) / again));
    iterations = estimate;
  }
}

async function timeRun(side: Side, iterations: number, now: () => number): Promise<number> {
  // No forced garbage collection before it: it throws away the hidden classes of short-lived events, and with them the
  // compiled code that knew them, so that a run would measure how V8 warms up.
  const start = now();
  const outcome = side.run(iterations);
  const done = typeof outcome === "number" ? outcome : await outcome;
  const ms = now() - start;
  await side.reset?.();
  if (done !== iterations) throw new Error(`a side did ${done} of ${iterations} operations`);
  return ms;
}
