import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, it, vi } from "vitest";
import { requireProgram } from "../../../../scripts/services/require-program.js";
import { consumerProcess } from "./consumer-process.js";
import { groupOnRedis, numbers } from "./group-on-redis.js";

const long = process.env["LOOPS_LONG"] === "1";
const command = await requireProgram("redis-server", "consumers that are killed");

/** Processes start slowly on a machine that has much to do. */
const patient = { timeout: 25_000, interval: 20 };

/** Each test has a Redis and processes of its own, so that they can run side by side: they mostly wait. */
async function scene() {
  const group = await groupOnRedis(command ?? "");
  const folder = await mkdtemp(join(tmpdir(), "loops-group-"));
  const processes: ReturnType<typeof consumerProcess>[] = [];
  return {
    ...group,
    processes,
    start(consumer: string, options: Partial<Parameters<typeof consumerProcess>[1]> = {}) {
      const common = {
        url: group.redis.url,
        stream: "s",
        group: "g",
        claimIdleMs: 2000,
        heartbeatMs: 250,
        blockMs: 500,
      };
      const one = consumerProcess(folder, { ...common, handleMs: 4, consumer, ...options });
      processes.push(one);
      return one;
    },
    /** The numbers of the events that were handled to the end. */
    ended: () => new Set(processes.flatMap(({ numbersOf }) => numbersOf("end"))),
    /** The numbers of the events that a consumer was given and has not acknowledged, as Redis knows it. */
    async inHands(consumer: string): Promise<number[]> {
      const rows = (await group.client.xpending("s", "g", "-", "+", 10_000, consumer)) as [string][];
      const entries = await Promise.all(rows.map(([id]) => group.client.xrange("s", id, id)));
      return entries.map(([entry]) => JSON.parse(entry?.[1][1] ?? "{}").n as number);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(processes.map(({ end }) => end()));
      await group.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const withScene = (test: (its: Awaited<ReturnType<typeof scene>>) => Promise<void>) => async () => {
  const its = await scene();
  try {
    await test(its);
  } finally {
    await its[Symbol.asyncDispose]();
  }
};

describe
  .skipIf(command === undefined)
  .concurrent("consumers that are killed", { timeout: long ? 1_800_000 : 90_000 }, () => {
    it(
      "four consumers of which one is killed again and again: each event at least once, twice only what was in hand",
      withScene(async ({ add, client, start, ended, inHands, pending, processes }) => {
        const [events, kills] = long ? [40_000, 60] : [1500, 5];
        await add(events);
        let named = 0;
        const options = { concurrency: 2, count: 20, maxDeliveries: 100 };
        let alive = numbers(4).map(() => start(`c${named++}`, options));
        const excused = new Set<number>();
        for (let kill = 0; kill < kills; kill++) {
          const victim = alive[kill % 4] ?? start("never");
          const before = victim.numbersOf("end").length;
          // One that has work in its hands.
          await vi.waitFor(() => expect(victim.numbersOf("end").length).toBeGreaterThan(before + 5), patient);
          await victim.end();
          for (const n of await inHands(victim.name)) excused.add(n);
          alive = alive.map((one) => (one === victim ? start(`c${named++}`, options) : one));
        }
        await vi.waitFor(() => expect(ended().size).toBe(events), { timeout: long ? 600_000 : 25_000, interval: 100 });
        await vi.waitFor(async () => expect(await pending()).toBe(0), patient);

        const all = processes.flatMap(({ numbersOf }) => numbersOf("begin"));
        const twice = all.filter((n, index) => all.indexOf(n) !== index);
        expect(twice.filter((n) => !excused.has(n))).toEqual([]);
        expect(await client.xlen("s:dead")).toBe(0);
        expect([...ended()].sort((a, b) => a - b)).toEqual(numbers(events));
      }),
    );

    it(
      "a consumer that hangs loses what it has; when it goes on, its handler is told, and it begins nothing of that",
      withScene(async ({ add, start, pending }) => {
        await add(10);
        const stalled = start("stalled", { handleMs: 60_000 });
        await vi.waitFor(() => expect(stalled.numbersOf("begin")).toEqual([0]), patient);
        stalled.child.kill("SIGSTOP");
        const other = start("other", { handleMs: 0 });
        await vi.waitFor(() => expect(other.numbersOf("end")).toEqual(numbers(10)), patient);
        stalled.child.kill("SIGCONT");
        await vi.waitFor(() => expect(stalled.lines()).toContain("abort 0 LOOPS_CLAIM_LOST"), patient);
        await wait(100);
        expect(stalled.numbersOf("begin")).toEqual([0]);
        expect(await pending()).toBe(0);
      }),
    );

    it(
      "a slow handler keeps its entry, however long it takes",
      withScene(async ({ add, start, pending }) => {
        await add(1);
        const slow = start("slow", { handleMs: 3000 });
        await vi.waitFor(() => expect(slow.numbersOf("begin")).toEqual([0]), patient);
        const other = start("other");
        await vi.waitFor(() => expect(slow.numbersOf("end")).toEqual([0]), patient);
        await vi.waitFor(async () => expect(await pending()).toBe(0), patient);
        expect(other.numbersOf("begin")).toEqual([]);
        expect(slow.numbersOf("abort")).toEqual([]);
      }),
    );

    it(
      "SIGTERM with a stop: nothing is left behind, and the other goes on at once",
      withScene(async ({ add, start, ended }) => {
        await add(20);
        const first = start("first", { handleMs: 60_000, claimIdleMs: 60_000 });
        await vi.waitFor(() => expect(first.numbersOf("begin")).toEqual([0]), patient);
        await first.end("SIGTERM");
        expect(first.child.exitCode).toBe(0);
        const second = start("second", { claimIdleMs: 60_000, handleMs: 0 });
        await vi.waitFor(() => expect(ended().size).toBe(20), patient);
        // What was given back does not count as delivered.
        expect(second.lines()).toContain("begin 0 1");
      }),
    );
  });
