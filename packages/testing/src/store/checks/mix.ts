import type { RunLease } from "@loops/core";
import { demand } from "../../conformance/violation.js";
import type { StoreCheck } from "../check.js";
import type { StoreHarness } from "../harness.js";

const STEPS = 120;
const LOOPS = ["a", "a-b", "b"] as const;

/** What a run ought to be. */
interface Expected {
  readonly id: string;
  readonly loop: string;
  readonly events: string[];
  readonly captured: Record<string, { readonly output: string }>;
  iteration: number;
  status: string;
  flushed: number;
  lease: RunLease | null;
  archived: boolean;
}

type Move = (harness: StoreHarness, runs: Expected[], run: Expected) => Promise<void>;

const moves: Readonly<Record<string, Move>> = {
  async create(harness, runs) {
    const loop = harness.random.pick(LOOPS);
    const { id, lease } = await harness.start({ loop_name: loop });
    const [event] = await harness.store.readEvents(loop, id);
    const events = [event?.id ?? "none"];
    runs.push({ id, loop, events, captured: {}, iteration: 0, status: "running", flushed: 0, lease, archived: false });
  },
  async commit(harness, _runs, run) {
    if (run.lease === null) return;
    const events = Array.from({ length: 1 + harness.random.below(3) }, () => harness.newEvent());
    const output = "x".repeat(harness.random.pick([1, 100, 20_000]));
    const key = harness.random.pick(["one", "two"]);
    run.iteration += 1;
    run.captured[key] = { output };
    run.events.push(...events.map(({ id }) => id));
    await run.lease.commit(events, { set: { iteration: run.iteration }, captured: { [key]: { output } } });
  },
  async end(harness, _runs, run) {
    if (run.lease === null) return;
    const event = harness.newEvent("loop_complete");
    run.status = harness.random.pick(["completed", "failed", "interrupted"]);
    run.events.push(event.id);
    await run.lease.commit([event], { set: { status: run.status } });
    await moves["release"]?.(harness, _runs, run);
  },
  async mark(harness, _runs, run) {
    if (run.lease === null) return;
    const seq = harness.random.below(run.events.length + 1);
    run.flushed = Math.max(run.flushed, seq);
    await run.lease.markFlushed(seq);
  },
  async release(_harness, _runs, run) {
    await run.lease?.release();
    run.lease = null;
  },
  async acquire(harness, _runs, run) {
    if (run.archived) return;
    const code = await harness.codeOf(async () => {
      run.lease = await harness.acquire(run.id);
    });
    const expected = code === "no error" || code === "LOOPS_RUN_OWNED";
    demand(expected, "acquire succeeds, or is refused with LOOPS_RUN_OWNED", `it ended with ${code}`);
  },
  async archive(harness, _runs, run) {
    if (run.lease !== null || !["completed", "failed"].includes(run.status)) return;
    await harness.store.archive(run.id);
    run.archived = true;
  },
};

export const mixChecks: readonly StoreCheck[] = [
  {
    id: "interleavings",
    title:
      "several runs that are created, committed to, given up, taken over and archived in a random mix stay what they were made",
    needs: [],
    mend: "Keep what belongs to one run apart from every other, and look at the step that is named: the seed repeats it.",
    async run(harness) {
      const runs: Expected[] = [];
      await moves["create"]?.(harness, runs, {} as Expected);
      for (let step = 1; step <= STEPS; step++) {
        const name = harness.random.pick(["commit", "commit", "commit", ...Object.keys(moves)] as [
          string,
          ...string[],
        ]);
        const run = runs[harness.random.below(runs.length)];
        if (run === undefined || (name === "create" && runs.length > 12)) continue;
        await moves[name]?.(harness, runs, run);
        const touched = step % 20 === 0 || step === STEPS ? runs : [run];
        for (const each of touched) await compare(harness, each, `step ${step}, ${name}`);
      }
    },
  },
];

async function compare(harness: StoreHarness, run: Expected, when: string): Promise<void> {
  const { id, loop, lease, iteration, status, captured } = run;
  const state = { run_id: id, loop_name: loop, iteration, status, captured };
  const found = run.archived
    ? (await harness.store.history(loop)).runs.find((one) => one.run_id === id)
    : await harness.store.find(id);
  harness.requireState(`(${when}) the run ${id}`, found ?? null, state);
  const read = (await harness.store.readEvents(loop, id)).map((event) => event.id);
  demand(
    String(read) === String(run.events),
    `(${when}) ${id} has ${run.events.length} events, as committed`,
    () => `${read.length}: ${read.join(", ")}`,
  );
  if (lease === null) return;
  harness.requireState(`(${when}) the state of the lease of ${id}`, lease.state, state);
  demand(lease.seq === read.length, `(${when}) seq is ${read.length}`, () => `it is ${lease.seq}`);
  demand(lease.flushedSeq === run.flushed, `(${when}) flushedSeq is ${run.flushed}`, () => `it is ${lease.flushedSeq}`);
}
