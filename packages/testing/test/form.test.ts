import { AssertionError } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type ConformanceOptions, transportChecks, transportConformance } from "../src/index.js";
import { brokenSink } from "./broken/broken-sink.js";
import { collect } from "./fixtures/collect.js";
import { queuedSink, queuedSubject, synchronousSink } from "./fixtures/sinks.js";

const allIds = transportChecks.map((check) => check.id);
const unflushable = brokenSink("idle", "nothing arrives by itself", () => queuedSubject({ flushIntervalMs: 60_000 }));

/** Registers without running. */
function plan(options: Partial<ConformanceOptions>) {
  const names: string[] = [];
  const result = transportConformance({
    test: (name) => names.push(name),
    name: "sink",
    create: synchronousSink.create,
    ...options,
  });
  return { names, ...result };
}

describe("what is registered", () => {
  it("a sink that declares everything is tried by every check", () => {
    expect(plan({ capabilities: queuedSink.capabilities })).toMatchObject({ registered: allIds, notRegistered: [] });
  });

  it("a sink that declares nothing is told which checks are left out, and for want of what", () => {
    const { registered, notRegistered, names } = plan({});
    expect(names).toHaveLength(registered.length);
    expect([...registered, ...notRegistered.map(({ id }) => id)].toSorted()).toEqual(allIds.toSorted());
    expect(notRegistered).toContainEqual({ id: "recovery", unmet: ["queued", "fail"] });
    expect(notRegistered).toContainEqual({ id: "byte-bound", unmet: ["backlog", "byte-bound"] });
    expect(registered).toContain("order");
  });

  it("a failing target makes a backlog only for a sink that queues", () => {
    expect(plan({ capabilities: { faults: ["fail"] } }).registered).not.toContain("flush-deadline");
    expect(plan({ capabilities: { faults: ["fail"], queued: true } }).registered).toContain("flush-deadline");
    expect(plan({ capabilities: { faults: ["stall"] } }).registered).toContain("flush-deadline");
  });

  it("a sink that keeps less than all fields is not asked for them", () => {
    const { registered } = plan({ capabilities: { roundTrip: false } });
    expect(registered).not.toContain("round-trip");
    expect(registered).toContain("order");
  });

  it("each test is named by the sink, the promise and the id", () => {
    expect(plan({}).names).toContain("sink: events arrive in the order in which they were emitted (order)");
  });

  it("each check is in the table of the README, as it is", () => {
    const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
    const rows = transportChecks.map(({ id, title, needs }) => `| \`${id}\` | ${title} | ${needs.join(", ") || "–"} |`);
    expect(readme).toContain(rows.join("\n"));
  });

  it("no two checks have the same id", () => {
    expect(new Set(allIds).size).toBe(allIds.length);
  });

  it.each([
    [{ maxQueueItems: 10 }, "10 items"],
    [{ maxQueueBytes: 1000 }, "1000 bytes"],
    [{ maxQueueItems: 1000, maxQueueBytes: 65_536 }, "256 bytes for each item"],
  ])("bounds that no check can reach one by one are refused: %o", (bounds, message) => {
    expect(() => plan({ capabilities: { bounds } })).toThrow(message);
  });
});

describe("known gaps", () => {
  it("a gap that is still open passes", async () => {
    const { failures } = await collect(unflushable, { knownGaps: ["idle"], patienceMs: 200 });
    expect([...failures.keys()]).toEqual([]);
  });

  it("a gap that is closed fails, so that it is deleted", async () => {
    const { failures } = await collect(synchronousSink, { knownGaps: ["order"] });
    expect([...failures.keys()]).toEqual(["order"]);
    expect(failures.get("order")?.message).toContain("Delete it from knownGaps");
  });

  it("a gap is seen in the name of its test", () => {
    expect(plan({ knownGaps: ["order"] }).names.filter((name) => name.endsWith("(order, known gap)"))).toHaveLength(1);
  });

  it("a gap that names no check, or one that is left out, is refused", () => {
    expect(() => plan({ knownGaps: ["ordre"] })).toThrow('the known gap "ordre" names no check');
    expect(() => plan({ knownGaps: ["durable"] })).toThrow('"durable" names a check that the capabilities leave out');
  });
});

describe("what a failure says", () => {
  it("the promise, what was expected, what was seen and how it is mended", async () => {
    const { failures } = await collect(unflushable, { patienceMs: 100 });
    const lesson = failures.get("idle");
    expect(lesson).toBeInstanceOf(AssertionError);
    expect(lesson?.message.split("\n")).toEqual([
      '[sink] breaks the promise "events arrive by themselves, without a flush and without further events" (idle)',
      "  expected: 3 events arrive within 100 ms although nothing else happens",
      "  seen:     3 of 3 events are missing, number 0, 1, 2",
      expect.stringMatching(/^ {2}mend: {5}Start a timer \(flushIntervalMs\)/),
    ]);
  });

  it("what the sink reported meanwhile", async () => {
    const sink = brokenSink("recovery", "gives up", () => queuedSubject({ retry: { maxRetries: 0 } }));
    const { failures } = await collect(sink);
    expect(failures.get("recovery")?.message).toContain("\n  reported: the target answers 503");
  });

  it("that a declared fault is not there", async () => {
    const { failures } = await collect({ ...synchronousSink, capabilities: { faults: ["fail", "stall"] } });
    expect(failures.get("declaration")?.message).toContain(
      "capabilities.faults names it and create() does not return it",
    );
    expect(failures.get("stall-recovery")?.message).toContain("faults.stall is not there");
  });
});

describe("surroundings of a check", () => {
  it("each check has a subject of its own, which is closed and cleaned up, also when it fails", async () => {
    const life: string[] = [];
    const { plan, failures } = await collect({
      capabilities: {},
      create() {
        life.push("create");
        return {
          transport: { send() {}, close: () => void life.push("close") },
          observe: () => [],
          cleanup: () => void life.push("cleanup"),
        };
      },
    });
    expect(failures.size).toBeGreaterThan(0);
    expect(life.filter((step) => step === "create")).toHaveLength(plan.registered.length);
    expect(life.filter((step) => step === "cleanup")).toHaveLength(plan.registered.length);
    const ends = life.flatMap((step, index) => (step === "cleanup" ? [life[index - 1]] : []));
    expect(new Set(ends)).toEqual(new Set(["close"]));
  });

  it("what create throws comes through as it is, for it is no fault of the transport, not even a known gap", async () => {
    const create = () => {
      throw new Error("no server on this machine");
    };
    const { failures } = await collect({ create, capabilities: {} }, { knownGaps: ["order"] });
    expect(failures.get("order")?.message).toBe("no server on this machine");
  });
});
