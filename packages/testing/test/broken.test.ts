import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type EscapeWatch, watchForEscapes } from "../src/conformance/escapes.js";
import { transportChecks } from "../src/index.js";
import { brokenAccounting } from "./broken/accounting.js";
import { brokenArrival } from "./broken/arrival.js";
import { brokenBounds } from "./broken/bounds.js";
import type { BrokenSink } from "./broken/broken-sink.js";
import { brokenClose } from "./broken/close.js";
import { brokenContent } from "./broken/content.js";
import { brokenFlush } from "./broken/flush.js";
import { brokenInterleavings } from "./broken/interleavings.js";
import { brokenIsolation } from "./broken/isolation.js";
import { brokenKill } from "./broken/kill.js";
import { brokenOddEvents } from "./broken/odd-events.js";
import { brokenOpening } from "./broken/opening.js";
import { brokenRecovery } from "./broken/recovery.js";
import { brokenReplay } from "./broken/replay.js";
import { brokenStorm } from "./broken/storm.js";
import { brokenSurroundings } from "./broken/surroundings.js";
import { collect } from "./fixtures/collect.js";

/** Those that disturb the whole process: each must be alone in it. */
const noisy = brokenIsolation;

const quiet: readonly BrokenSink[] = [
  ...brokenOpening,
  ...brokenArrival,
  ...brokenContent,
  ...brokenOddEvents,
  ...brokenStorm,
  ...brokenAccounting,
  ...brokenBounds,
  ...brokenFlush,
  ...brokenClose,
  ...brokenRecovery,
  ...brokenInterleavings,
  ...brokenKill,
  ...brokenReplay,
  ...brokenSurroundings,
];

/** Checks that see a defect only where one thing comes while another is under way. */
const timely = ["interleavings", "flush-while-sending"];

async function expectRejection(sink: BrokenSink, patienceMs: number, lanes: number): Promise<void> {
  let { failures } = await collect(sink, { patienceMs, lanes, seed: 1 });
  // Random steps, and the pauses of the sink or of a busy machine, may miss a defect once, but not again and again.
  for (let seed = 2; failures.size === 0 && timely.includes(sink.breaks) && seed <= 5; seed++) {
    ({ failures } = await collect(sink, { patienceMs, seed }));
  }
  const messages = [...failures.values()].map((error) => error.message).join("\n");
  expect([...failures.keys()], messages).toEqual([sink.breaks]);
}

describe.concurrent("a sink with one defect is rejected by the check of that promise, and by no other", () => {
  for (const sink of quiet) it(`${sink.breaks}: ${sink.defect}`, () => expectRejection(sink, 2000, 3));
});

describe("a sink that disturbs the whole process is rejected by one check, too", () => {
  // What these sinks let escape in the other checks would make the runner end the run.
  let watch: EscapeWatch;
  beforeAll(() => {
    watch = watchForEscapes();
  });
  afterAll(async () => {
    // What the last of them has begun may fail after its close.
    await new Promise((resolve) => setTimeout(resolve, 300));
    watch.end();
  });

  for (const sink of noisy) it(`${sink.breaks}: ${sink.defect}`, () => expectRejection(sink, 800, 1));
});

it("each check has a sink that only it rejects", () => {
  const proven = new Set([...quiet, ...noisy].map((sink) => sink.breaks));
  expect(transportChecks.map((check) => check.id).filter((id) => !proven.has(id))).toEqual([]);
});
