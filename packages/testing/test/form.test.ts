import { AssertionError } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  type ConformanceOptions,
  type Need,
  type TransportSubject,
  transportChecks,
  transportConformance,
  transportNeeds,
} from "../src/index.js";
import { type BrokenSink, brokenSink, withMethods } from "./broken/broken-sink.js";
import { brokenFlush } from "./broken/flush.js";
import { collect } from "./fixtures/collect.js";
import { fileSink, fileSubject } from "./fixtures/file-sink.js";
import { ringSink } from "./fixtures/ring-log.js";
import { queuedSink, queuedSubject, type SinkKind, synchronousSink } from "./fixtures/sinks.js";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
const allIds = transportChecks.map((check) => check.id);
const thrower = () => {
  throw new Error("no such file");
};
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
    const capabilities = { ...queuedSink.capabilities, ...fileSink.capabilities, ...ringSink.capabilities };
    expect(plan({ capabilities })).toMatchObject({ registered: allIds, notRegistered: [] });
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
    const rows = transportChecks.map(({ id, title, needs }) => `| \`${id}\` | ${title} | ${needs.join(", ") || "–"} |`);
    expect(readme).toContain(`|---|---|---|\n${rows.join("\n")}\n\n`);
  });

  it("each need is in the table of the README, as it is, and some check has it", () => {
    const rows = Object.entries(transportNeeds).map(([need, means]) => `| \`${need}\` | ${means} |`);
    expect(readme).toContain(`|---|---|\n${rows.join("\n")}\n\n`);
    const needed = new Set(transportChecks.flatMap(({ needs }) => needs));
    expect(Object.keys(transportNeeds).filter((need) => !needed.has(need as Need))).toEqual([]);
  });

  it("each capability and fault that some transport here declares is in the README", () => {
    const declared = { ...queuedSink.capabilities, ...fileSink.capabilities, ...ringSink.capabilities };
    for (const capability of Object.keys(declared)) expect(readme).toContain(`\n| \`${capability}\` | `);
    for (const fault of declared.faults) expect(readme).toMatch(new RegExp(`\\| \`faults\\.${fault}\\(`));
  });

  it("each check says how its defect is usually mended", () => {
    expect(transportChecks.filter(({ mend }) => mend.length < 20)).toEqual([]);
  });

  it("no two checks have the same id", () => {
    expect(new Set(allIds).size).toBe(allIds.length);
  });

  it.each([
    [{ maxQueueItems: 10 }, "10 items"],
    [{ maxQueueBytes: 1000 }, "1000 bytes"],
    [{ maxQueueItems: 1000, maxQueueBytes: 65_536 }, "256 bytes for each item"],
    [{ maxQueueItems: Number.NaN }, "NaN items"],
    [{ maxQueueItem: 100 } as object, 'did you mean "maxQueueItems"?'],
  ])("bounds that no check can reach one by one are refused: %o", (bounds, message) => {
    expect(() => plan({ capabilities: { bounds } })).toThrow(message);
  });
});

it("a log that the checks cannot fill, or not stay within, is refused", () => {
  for (const maxEntries of [10, 1_000_000, Number.NaN]) {
    expect(() => plan({ capabilities: { log: { maxEntries } } })).toThrow(`a log of ${maxEntries} entries`);
  }
});

it.each([
  [{ test: undefined }, "[sink] test must be the function of your runner, such as that of node:test, not undefined"],
  [{ create: {} }, "[sink] create must be a function that returns what is to be tried, not {}"],
  [{ name: undefined }, "[transportConformance] name must be a text"],
  [{ knownGap: ["order"] }, '[sink] the option "knownGap" is unknown; did you mean "knownGaps"?'],
  [{ knownGaps: "order" }, "[sink] knownGaps must be a list of ids, not 'order'"],
  [{ patienceMs: "4s" }, "[sink] patienceMs must be a number above 0, not '4s'"],
  [{ capabilities: ["queued"] }, "[sink] capabilities must be an object, not [ 'queued' ]"],
  [{ capabilities: { queud: true } }, '[sink] in capabilities "queud" is unknown; did you mean "queued"?'],
  [{ capabilities: { faults: ["fial"] } }, '[sink] in capabilities.faults "fial" is unknown; did you mean "fail"?'],
  [{ capabilities: { faults: ["heal"] } }, '"heal" is unknown; known: fail, stall, poison, crash'],
  [{ capabilities: { faults: "fail" } }, "[sink] capabilities.faults must be a list of names, not 'fail'"],
  [{ capabilities: { log: { maxEntrys: 1000 } } }, 'did you mean "maxEntries"?'],
])("a call that is wrong is refused before anything is registered: %j", (options, message) => {
  const registered: string[] = [];
  const test = (name: string) => registered.push(name);
  const call = () => plan({ test, ...(options as Partial<ConformanceOptions>) });
  expect(call).toThrow(expect.objectContaining({ code: "LOOPS_CONFIG", message: expect.stringContaining(message) }));
  expect(registered).toEqual([]);
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

  it("the seed, where the steps were random, and the same seed repeats them", async () => {
    const lossy = withMethods(({ transport }) => {
      let lost = 0;
      return {
        send(event, encoded) {
          // What only the random check emits.
          if (String(event["fill"]).length !== 50) return transport.send(event, encoded);
          lost++;
        },
        stats: () => ({ ...transport.stats(), received: transport.stats().received + lost }),
      };
    });
    const sink = brokenSink("interleavings", "loses some", lossy);
    const first = (await collect(sink)).failures.get("interleavings")?.message ?? "";
    const seed = Number(first.match(/seed: {5}(\d+); the option seed repeats these steps/)?.[1]);
    const second = (await collect(sink, { seed })).failures.get("interleavings")?.message;
    expect(second).toContain(`seed:     ${seed};`);
    expect(second?.match(/\(step \d+/)?.[0]).toBe(first.match(/\(step \d+/)?.[0]);
  });

  it("what helps in this case, where the usual advice would mislead", async () => {
    const [sink] = brokenFlush.filter(({ defect }) => defect.includes("does not say that it did"));
    const { failures } = await collect(sink as BrokenSink, { patienceMs: 200 });
    const usual = transportChecks.find(({ id }) => id === "flush-deadline")?.mend ?? "";
    expect(failures.get("flush-deadline")?.message).toContain("mend:     Reject when flush ends before");
    expect(failures.get("flush-deadline")?.message).not.toContain(usual);
  });

  it("with which exit code the child of a kill ended by itself, and what it said", async () => {
    const create = () => fileSubject("exits-with-code");
    const { failures } = await collect({ ...fileSink, create });
    expect([...failures.keys()]).toEqual(["durable-kill"]);
    expect(failures.get("durable-kill")?.message).toContain(
      "it ended by itself (exit code 3); it confirmed 0. It says: no such file",
    );
  });

  it("that a declared fault is not there", async () => {
    const { failures } = await collect({ ...synchronousSink, capabilities: { faults: ["fail", "stall"] } });
    expect(failures.get("declaration")?.message).toContain(
      "capabilities.faults names it and create() does not return it",
    );
    const others = failures.get("stall-recovery")?.message;
    expect(others).toContain("faults.stall is not there");
    expect(others).toContain("was not tried for the promise");
    expect(failures.has("recovery")).toBe(false);
  });

  it.each([
    ["nothing", undefined, "transport is undefined"],
    ["no transport", { observe: () => [] }, "transport is undefined"],
    ["half a transport", { transport: { send() {} }, observe: () => [] }, "transport is { send: [Function: send] }"],
    ["no observe", { transport: { send() {}, close() {} } }, "it is undefined"],
    ["an observe that throws", { transport: { send() {}, close() {} }, observe: thrower }, "Error: no such file"],
    ["an observe of no list", { transport: { send() {}, close() {} }, observe: () => "a,b" }, "it returned 'a,b'"],
  ])("create returns %s: declaration says so, and the others that they were not tried", async (_what, made, seen) => {
    const create = () => made as unknown as TransportSubject;
    const { failures } = await collect({ create, capabilities: {} }, { knownGaps: ["order"] });
    expect(failures.get("declaration")?.message).toMatch(/breaks the promise .* \(declaration\)\n/);
    expect(failures.get("declaration")?.message).toContain(seen);
    for (const id of ["order", "idle", "delivered-is-true"]) {
      const message = failures.get(id)?.message;
      expect(message).toMatch(
        new RegExp(`^\\[sink\\] was not tried for the promise .* \\(${id}\\): see .*declaration\\n`),
      );
      expect(message).toContain(seen);
      expect(message).not.toContain("mend:");
    }
  });
});

it("a lesson comes before the time limit of a runner, however much of the transport hangs", async () => {
  const never = () => new Promise<never>(() => {});
  const hanging = {
    create: () => ({
      transport: { send: never, flush: never, close: never },
      observe: () => [],
      faults: { fail() {}, stall() {}, poison() {}, heal() {} },
    }),
    capabilities: { ...queuedSink.capabilities, durable: false, faults: ["fail", "stall", "poison"] as const },
  };
  const times = new Map<string, number>();
  const patienceMs = 150;
  const onTimed = (id: string, tookMs: number) => times.set(id, tookMs);
  const { failures } = await collect(hanging, { patienceMs, lanes: 4, onTimed });
  expect(failures.size).toBeGreaterThan(15);
  // The simpler checks that these ask are tried after them.
  for (const id of ["interleavings", "recovery", "round-trip", "large-field"]) times.delete(id);
  const runnersLimitMs = 5000;
  expect([...times].filter(([, tookMs]) => tookMs > runnersLimitMs / 2)).toEqual([]);
});

describe("surroundings of a check", () => {
  it("each check has a subject of its own, which is closed and cleaned up, also when it fails", async () => {
    const life: string[] = [];
    const subject: SinkKind = {
      capabilities: {},
      create() {
        life.push("create");
        return {
          transport: { send() {}, close: () => void life.push("close") },
          observe: () => [],
          cleanup: () => void life.push("cleanup"),
        };
      },
    };
    const { plan, failures } = await collect(subject, { patienceMs: 200 });
    expect(failures.size).toBeGreaterThan(0);
    const created = life.filter((step) => step === "create").length;
    expect(created).toBeGreaterThanOrEqual(plan.registered.length);
    expect(life.filter((step) => step === "cleanup")).toHaveLength(created);
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
