import fc from "fast-check";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { batchTransport } from "./batch-transport.js";
import { createBus } from "./bus.js";
import { createReporter, type ErrorInfo } from "./reporter.js";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** What `onError` was told, as `message +suppressed`. */
function listen() {
  const told: string[] = [];
  const onError = (error: unknown, { suppressed }: ErrorInfo) => {
    told.push(`${(error as Error).message} +${suppressed}`);
  };
  return { told, onError };
}

it("tells each different error of a source at once: one does not hide another", () => {
  const { told, onError } = listen();
  const report = createReporter("sink", onError);
  for (const message of ["disk full", "disk full", "no permission", "disk full", "no permission"]) {
    report(new Error(message));
  }
  expect(told).toEqual(["disk full +0", "no permission +0"]);
});

it("tells how many were held back when a storm ends, without another error", () => {
  const { told, onError } = listen();
  const report = createReporter("sink", onError);
  for (let i = 0; i < 1000; i++) report(new Error("no"));
  vi.advanceTimersByTime(4999);
  expect(told).toEqual(["no +0"]);
  vi.advanceTimersByTime(1);
  expect(told).toEqual(["no +0", "no +998"]);
  vi.advanceTimersByTime(60_000);
  expect(told).toHaveLength(2);
  report(new Error("no"));
  expect(told).toEqual(["no +0", "no +998", "no +0"]);
});

it("tells once in five seconds of a storm that goes on", () => {
  const { told, onError } = listen();
  const report = createReporter("sink", onError);
  for (let ms = 0; ms < 60_000; ms++) {
    report(new Error("no"));
    vi.advanceTimersByTime(1);
  }
  expect(told).toEqual(
    ["no +0", ...Array.from({ length: 12 }, () => "no +4999")].map((text, i) => (i === 1 ? "no +4998" : text)),
  );
});

it("bounds the rate of messages that are never the same", () => {
  const { told, onError } = listen();
  const report = createReporter("sink", onError);
  for (let i = 0; i < 1000; i++) report(new Error(`no ${i}`));
  expect(told).toHaveLength(4);
  vi.advanceTimersByTime(5000);
  expect(told.slice(4)).toEqual(["no 999 +995"]);
});

it("told and held back are together all that was reported, whenever and with whatever message", () => {
  const step = fc.record({ message: fc.constantFrom("a", "b", "c", "d", "e", "f"), pauseMs: fc.nat(3000) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      let sum = 0;
      const report = createReporter("sink", (_error, { suppressed }) => {
        sum += 1 + suppressed;
      });
      for (const { message, pauseMs } of steps) {
        report(new Error(message));
        vi.advanceTimersByTime(pauseMs);
      }
      report.end();
      expect(sum).toBe(steps.length);
      expect(vi.getTimerCount()).toBe(0);
    }),
  );
});

it("close of a bus tells at once what was held back, for sinks and listeners, and leaves no timer", async () => {
  const told: unknown[] = [];
  const bus = createBus({ onError: (_error, info) => told.push(info) });
  bus.on(() => {
    throw new Error("listener");
  });
  bus.addTransport({
    name: "sink",
    send() {
      throw new Error("send");
    },
    close() {},
  });
  for (let i = 0; i < 10; i++) bus.emit({ event: "a" });
  await bus.flush();
  expect(told).toEqual([
    { source: "bus", suppressed: 0 },
    { source: "sink", suppressed: 0 },
  ]);
  await bus.close();
  expect(told.slice(2)).toEqual([
    { source: "bus", suppressed: 8 },
    { source: "sink", suppressed: 8 },
  ]);
  expect(vi.getTimerCount()).toBe(0);
});

it("close of a sink with an onError of its own tells at once what was held back", async () => {
  const { told, onError } = listen();
  const sink = batchTransport({
    name: "sink",
    maxBatchItems: 1,
    retry: { maxRetries: 0 },
    onError,
    write() {
      throw new Error("no");
    },
  });
  const event = { event: "a", ts: "", id: "" };
  for (let i = 0; i < 5; i++) void sink.send(event, { json: "{}", line: "{}\n", bytes: Buffer.from("{}\n") });
  await sink.close();
  expect(told).toEqual(["no +0", "no +3"]);
  expect(vi.getTimerCount()).toBe(0);
});

it("an error that is told while another is told is held back, not lost", () => {
  const told: number[] = [];
  const report = createReporter("sink", (error, { suppressed }) => {
    told.push(suppressed);
    if (told.length < 100) report(error);
  });
  report(new Error("no"));
  expect(told).toEqual([0]);
  report.end();
  // Each time again: the source has ended, `onError` has not.
  expect(told).toEqual([0, 0, 0]);
});

it("errors after the end are told as before", () => {
  const { told, onError } = listen();
  const report = createReporter("sink", onError);
  report.end();
  expect(told).toEqual([]);
  report(new Error("no"));
  report(new Error("no"));
  report.end();
  report(new Error("no"));
  vi.advanceTimersByTime(5000);
  expect(told).toEqual(["no +0", "no +0", "no +0"]);
});

it("an onError that throws, at once or later, becomes a warning and harms nobody", async () => {
  vi.useRealTimers();
  const warnings: string[] = [];
  const emitWarning = vi
    .spyOn(process, "emitWarning")
    .mockImplementation((message) => void warnings.push(String(message)));
  const broken = [
    () => {
      throw new Error("at once");
    },
    async () => {
      throw new Error("later");
    },
  ];
  for (const onError of broken) createReporter("sink", onError)(new Error("no"));
  await vi.waitFor(() => expect(warnings).toEqual(["[sink onError] at once", "[sink onError] later"]));
  emitWarning.mockRestore();
});
