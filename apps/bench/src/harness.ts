import type { Bench, Side } from "./bench.js";
import { type Unit, units } from "./units.js";

export interface RunOptions {
  /** Timed rounds of each side; the median counts. @default 15 */
  readonly rounds?: number;
  /** Untimed rounds of each side before them. @default 3 */
  readonly warmUpRounds?: number;
  /** How long one round should take. @default 30 */
  readonly roundMs?: number;
  /** Less data, where a benchmark needs much of it. @default false */
  readonly short?: boolean;
  /** Milliseconds, monotonic. @default performance.now */
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
  /** `ours / theirs`. */
  readonly ratio: number;
  readonly bar: number | null;
  /** The ratio is at most the bar where lower is better, at least the bar where higher is; always true without a bar. */
  readonly ok: boolean;
}

const maxIterations = 2 ** 30;

/** @throws RangeError for an empty list */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[sorted.length >> 1];
  const lower = sorted[(sorted.length - 1) >> 1];
  if (upper === undefined || lower === undefined) throw new RangeError("median of nothing");
  return (lower + upper) / 2;
}

/** Turns the times of both sides into a verdict. */
export function verdict(
  bench: Pick<Bench, "name" | "unit" | "bar">,
  nsPerOp: { readonly ours: number; readonly theirs: number },
): Result {
  const { better, fromNsPerOp } = units[bench.unit];
  const ours = fromNsPerOp(nsPerOp.ours);
  const theirs = fromNsPerOp(nsPerOp.theirs);
  const ratio = ours / theirs;
  const ok = bench.bar === null || (better === "lower" ? ratio <= bench.bar : ratio >= bench.bar);
  return { name: bench.name, ours, theirs, unit: bench.unit, ratio, bar: bench.bar, ok };
}

/**
 * Measures one benchmark: both sides alternate in this process, and change places every round, so that whatever else
 * the machine does falls on both. Tears down what it set up, whatever happens.
 *
 * @throws Error when a side did not do all of its work
 */
export async function runBench(bench: Bench, options: RunOptions = {}): Promise<Result> {
  const { rounds = 15, warmUpRounds = 3, roundMs = 30, short = false, now = () => performance.now() } = options;
  const sides = await bench.setup({ short });
  try {
    const iterations = {
      ours: await calibrate(sides.ours, roundMs, now),
      theirs: await calibrate(sides.theirs, roundMs, now),
    };
    const times: Record<"ours" | "theirs", number[]> = { ours: [], theirs: [] };
    for (let round = -warmUpRounds; round < rounds; round++) {
      const order = round % 2 === 0 ? (["ours", "theirs"] as const) : (["theirs", "ours"] as const);
      for (const which of order) {
        const ms = await timeRound(sides[which], iterations[which], now);
        if (round >= 0) times[which].push((ms * 1e6) / iterations[which]);
      }
    }
    return verdict(bench, { ours: median(times.ours), theirs: median(times.theirs) });
  } finally {
    await sides.teardown?.();
  }
}

/** How many iterations take about `roundMs`. Doubling warms the code up on the way. */
export async function calibrate(side: Side, roundMs: number, now: () => number): Promise<number> {
  for (let iterations = 1; ; iterations *= 2) {
    const ms = await timeRound(side, iterations, now);
    if (ms >= roundMs || iterations >= maxIterations) return Math.max(1, Math.round((iterations * roundMs) / ms));
  }
}

async function timeRound(side: Side, iterations: number, now: () => number): Promise<number> {
  // No forced garbage collection between rounds: it throws away the hidden classes of short-lived events, and with them
  // the compiled code that knew them, so that a round would measure how V8 warms up.
  const start = now();
  const outcome = side.run(iterations);
  const done = typeof outcome === "number" ? outcome : await outcome;
  const ms = now() - start;
  await side.reset?.();
  if (done !== iterations) throw new Error(`a side did ${done} of ${iterations} operations`);
  return ms;
}
