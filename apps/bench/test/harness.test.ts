import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Bench, Side } from "../src/bench.js";
import { clocks } from "../src/clocks.js";
import { calibrate, median, runBench, verdict } from "../src/harness.js";

/** A clock that only the work moves: a side that costs `nsPerOp` each time. */
function fakeClock() {
  let ms = 0;
  const log: string[] = [];
  const side = (name: string, nsPerOp: number): Side => ({
    run(iterations) {
      log.push(name);
      ms += (iterations * nsPerOp) / 1e6;
      return iterations;
    },
  });
  return { now: () => ms, side, log };
}

afterEach(() => {
  vi.restoreAllMocks();
});

const bench = (part: Partial<Bench> & Pick<Bench, "setup">): Bench => ({
  name: "a-bench",
  what: "",
  unit: "ns/op",
  bar: null,
  ...part,
});

describe("median", () => {
  it("lies between as many smaller values as larger ones", () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1 }), (values) => {
        const middle = median(values);
        const below = values.filter((value) => value < middle).length;
        const above = values.filter((value) => value > middle).length;
        expect(below).toBeLessThanOrEqual(values.length / 2);
        expect(above).toBeLessThanOrEqual(values.length / 2);
      }),
    );
  });

  it("is the mean of the middle two of an even number", () => {
    expect(median([9, 1, 3, 5])).toBe(4);
  });

  it("refuses to speak of nothing", () => {
    expect(() => median([])).toThrow(RangeError);
  });
});

describe("verdict", () => {
  const cost = { name: "x", unit: "ns/op", bar: 6 } as const;
  const rate = { name: "x", unit: "op/s", bar: 3 } as const;

  it("divides ours by theirs, and holds a cost to a bar from above", () => {
    expect(verdict(cost, [{ ours: 150, theirs: 30 }])).toEqual({
      name: "x",
      ours: 150,
      theirs: 30,
      unit: "ns/op",
      ratio: 5,
      bar: 6,
      ok: true,
    });
    expect(verdict(cost, [{ ours: 210, theirs: 30 }]).ok).toBe(false);
  });

  it("holds a throughput to a bar from below", () => {
    const fast = verdict(rate, [{ ours: 1000, theirs: 4000 }]);
    expect(fast).toMatchObject({ ours: 1e6, theirs: 250_000, ratio: 4, ok: true });
    expect(verdict(rate, [{ ours: 1000, theirs: 2000 }]).ok).toBe(false);
  });

  it("compares the sides of each round with each other, so that a machine that becomes slower changes no ratio", () => {
    const rounds = [1, 2, 4, 8, 16].map((slower) => ({ ours: 100 * slower, theirs: 20 * slower }));
    expect(verdict(cost, rounds)).toMatchObject({ ours: 400, theirs: 80, ratio: 5 });
    const unfair = { ours: 100_000, theirs: 20 };
    expect(verdict(cost, [...rounds, unfair]).ratio).toBe(5);
  });

  it("holds ours to what it has to reach by itself, beside the bar for the ratio or without one", () => {
    const rounds = [{ ours: 1000, theirs: 4000 }];
    expect(verdict({ ...rate, least: 1e6 }, rounds)).toMatchObject({ least: 1e6, ok: true });
    expect(verdict({ ...rate, least: 1e6 + 1 }, rounds).ok).toBe(false);
    expect(verdict({ ...rate, bar: 5, least: 1 }, rounds).ok).toBe(false);
    expect(verdict({ ...cost, bar: null, least: 999 }, rounds).ok).toBe(false);
  });

  it("is satisfied with anything where there is no bar", () => {
    expect(verdict({ name: "x", unit: "ns/op", bar: null }, [{ ours: 1e9, theirs: 1 }]).ok).toBe(true);
  });
});

describe("calibrate", () => {
  it("finds how many iterations fill a round", async () => {
    const clock = fakeClock();
    const iterations = await calibrate(clock.side("a", 1000), 30, clock.now);
    expect(iterations).toBeGreaterThan(29_000);
    expect(iterations).toBeLessThan(31_000);
  });

  it("is not taken in by a first time that took long", async () => {
    const clock = fakeClock();
    const side = clock.side("a", 1000);
    let calls = 0;
    const cold: Side = {
      run: (iterations) => Number(side.run(calls++ < 5 ? iterations * 2000 : iterations)) && iterations,
    };
    const iterations = await calibrate(cold, 30, clock.now);
    expect(calls).toBeGreaterThan(5);
    expect(iterations).toBeGreaterThan(29_000);
    expect(iterations).toBeLessThan(31_000);
  });

  it("does one iteration of work that is longer than a round", async () => {
    const clock = fakeClock();
    expect(await calibrate(clock.side("a", 1e9), 30, clock.now)).toBe(1);
  });
});

describe("runBench", () => {
  it("lets the sides alternate and change places, and measures each", async () => {
    const clock = fakeClock();
    const sides = { ours: clock.side("ours", 100), theirs: clock.side("theirs", 25) };
    const result = await runBench(bench({ setup: () => sides }), { rounds: 2, warmUpRounds: 0, now: clock.now });
    expect(clock.log.slice(-8)).toEqual(["ours", "theirs", "theirs", "ours", "ours", "theirs", "theirs", "ours"]);
    expect(result.ours).toBeCloseTo(100);
    expect(result.theirs).toBeCloseTo(25);
    expect(result.ratio).toBeCloseTo(4);
  });

  it("waits for work that is asynchronous, and for setup, reset and teardown", async () => {
    const clock = fakeClock();
    const events: string[] = [];
    const work = clock.side("ours", 100);
    const asynchronous: Side = {
      async run(iterations) {
        await Promise.resolve();
        return work.run(iterations);
      },
      async reset() {
        await Promise.resolve();
        events.push("reset");
      },
    };
    const setup = async () => ({
      ours: asynchronous,
      theirs: clock.side("theirs", 100),
      teardown: async () => void events.push("teardown"),
    });
    const { ratio } = await runBench(bench({ setup }), { rounds: 1, warmUpRounds: 0, now: clock.now });
    expect(ratio).toBeCloseTo(1);
    expect(events[0]).toBe("reset");
    expect(events.filter((name) => name === "teardown")).toEqual(["teardown"]);
    expect(events.at(-1)).toBe("teardown");
  });

  it("counts time on a processor, unless the benchmark waits for others", async () => {
    const clock = fakeClock();
    vi.spyOn(clocks, "cpu").mockImplementation(clock.now);
    vi.spyOn(clocks, "wall").mockImplementation(() => 10 * clock.now());
    const setup = () => ({ ours: clock.side("ours", 100), theirs: clock.side("theirs", 100) });
    expect((await runBench(bench({ setup }), { rounds: 1 })).ours).toBeCloseTo(100);
    expect((await runBench(bench({ clock: "wall", setup }), { rounds: 1 })).ours).toBeCloseTo(1000);
  });

  it("passes a note of the benchmark on", async () => {
    const clock = fakeClock();
    const setup = () => ({ ours: clock.side("ours", 1), theirs: clock.side("theirs", 1), note: "on paper" });
    const result = await runBench(bench({ setup }), { rounds: 1, warmUpRounds: 0, now: clock.now });
    expect(result.note).toBe("on paper");
  });

  it("reports no speed for work that was not done, and still tears down", async () => {
    let tornDown = false;
    const clock = fakeClock();
    const honest = clock.side("theirs", 100);
    const lazy: Side = { run: (iterations) => Number(honest.run(iterations)) - 1 };
    const setup = () => ({
      ours: lazy,
      theirs: honest,
      teardown: () => {
        tornDown = true;
      },
    });
    await expect(runBench(bench({ setup }), { now: clock.now })).rejects.toThrow("0 of 1 operations");
    expect(tornDown).toBe(true);
  });
});
