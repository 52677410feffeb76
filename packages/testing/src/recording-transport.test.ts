import { type Bus, createBus } from "@loops/core";
import { afterEach, beforeEach, describe, expect, expectTypeOf, it } from "vitest";
import { type RecordingTransport, recordingTransport } from "./recording-transport.js";

describe("recordingTransport", () => {
  let bus: Bus;
  let recorder: RecordingTransport;

  beforeEach(() => {
    bus = createBus({ onError: () => {} });
    recorder = recordingTransport();
    bus.addTransport(recorder);
  });
  afterEach(async () => {
    await bus.close({ timeoutMs: 50 });
  });

  it("has each event when emit returns, as it was at that time", () => {
    const nested = { value: 1 };
    bus.emit({ event: "one", nested });
    nested.value = 2;
    bus.emit({ event: "two" });
    expect(recorder.events).toMatchObject([{ event: "one", nested: { value: 1 } }, { event: "two" }]);
  });

  it("has each line as a file would have it", () => {
    bus.emit({ event: "one", ts: "2026-01-01T00:00:00.000Z", id: "a-b-1", text: "ü" });
    expect(recorder.lines).toEqual(['{"event":"one","ts":"2026-01-01T00:00:00.000Z","id":"a-b-1","text":"ü"}\n']);
  });

  it("waitFor finds the first match among those that are there", async () => {
    for (const n of [1, 2, 3]) bus.emit({ event: "tick", n });
    expect(await recorder.waitFor((event) => Number(event["n"]) > 1)).toMatchObject({ n: 2 });
  });

  it("waitFor waits for a match that is still to come, by a glob on its name", async () => {
    const found = recorder.waitFor("loop_*");
    bus.emit({ event: "state_enter" });
    bus.emit({ event: "loop_start" });
    bus.emit({ event: "loop_complete" });
    expect(await found).toMatchObject({ event: "loop_start" });
  });

  it("waitFor says what came instead", async () => {
    bus.emit({ event: "one" });
    bus.emit({ event: "two" });
    await expect(recorder.waitFor("three", { timeoutMs: 20 })).rejects.toThrow(
      '[recording] no event matched "three" within 20 ms; recorded: 2, the last of them one, two',
    );
  });

  it("waitFor takes several globs, and the nth event that matches, there or still to come", async () => {
    for (const event of ["a.1", "b.1", "a.2"]) bus.emit({ event });
    expect(await recorder.waitFor(["a.*", "c.*"], { nth: 2 })).toMatchObject({ event: "a.2" });
    const third = recorder.waitFor(["a.*", "c.*"], { nth: 3 });
    for (const event of ["b.2", "c.1", "a.3"]) bus.emit({ event });
    expect(await third).toMatchObject({ event: "c.1" });
    await expect(recorder.waitFor("b.*", { nth: 4, timeoutMs: 20 })).rejects.toThrow("2 instead of 4 events matched");
  });

  it("an error of waitFor points to the line that waited, with the whole message", async () => {
    const error: Error = await recorder.waitFor("three", { timeoutMs: 10 }).catch((reason) => reason);
    const [head, frame] = error.stack?.split("\n") ?? [];
    expect(head).toContain(error.message);
    expect(frame).toContain("recording-transport");
    expect(error.stack).toContain("recording-transport.test.ts");
  });

  it("whoever waits when it is closed, or after, is told at once", async () => {
    const waiting = recorder.waitFor("late", { timeoutMs: 60_000 });
    recorder.close();
    await expect(waiting).rejects.toThrow('no event matched "late" before it was closed; nothing was recorded');
    await expect(recorder.waitFor("late", { timeoutMs: 60_000 })).rejects.toThrow("before it was closed");
  });

  it("names and matching say what came in one line", () => {
    for (const event of ["issue.opened", "build", "issue.closed"]) bus.emit({ event, n: event.length });
    expect(recorder.names).toEqual(["issue.opened", "build", "issue.closed"]);
    expect(recorder.matching("issue.*").map(({ event }) => event)).toEqual(["issue.opened", "issue.closed"]);
    expect(recorder.matching((event) => event["n"] === 5)).toMatchObject([{ event: "build" }]);
  });

  it("knows the events of the bus it is made for, and narrows by name", async () => {
    type MyEvent = { readonly event: "opened"; readonly by: string } | { readonly event: "closed"; readonly n: number };
    const typed = recordingTransport<MyEvent>();
    const own = createBus<MyEvent>();
    own.addTransport(typed);
    own.emit({ event: "closed", n: 7 });
    const { n, id } = await typed.waitFor("closed");
    expectTypeOf(n).toEqualTypeOf<number>();
    expectTypeOf(id).toEqualTypeOf<string>();
    expect(n).toBe(7);
    const [opened] = typed.matching("opened");
    expectTypeOf(opened?.by).toEqualTypeOf<string | undefined>();
    expect(opened).toBeUndefined();
    // @ts-expect-error no event of this bus has that name
    expect(typed.matching("opend")).toEqual([]);
    await own.close();
  });

  it("clear forgets, and later waits do not find what was before", async () => {
    bus.emit({ event: "one" });
    recorder.clear();
    expect(recorder.events).toEqual([]);
    await expect(recorder.waitFor("one", { timeoutMs: 20 })).rejects.toThrow("nothing was recorded");
  });

  it("fails with the error it was told to, and records again after heal", () => {
    recorder.fail(new Error("disk full"));
    bus.emit({ event: "lost" });
    recorder.heal();
    bus.emit({ event: "kept" });
    expect(recorder.events).toMatchObject([{ event: "kept" }]);
    expect(bus.stats().sinks[0]).toMatchObject({ delivered: 1, dropped: { "send-failed": 1 } });
  });

  it("makes the bus wait while it stalls, and has everything, in order, after heal", async () => {
    recorder.stall();
    for (const n of [1, 2, 3]) bus.emit({ event: "tick", n });
    expect(recorder.events).toEqual([]);
    expect((await bus.flush({ timeoutMs: 10 })).ok).toBe(false);
    recorder.heal();
    expect((await bus.flush()).ok).toBe(true);
    expect(recorder.events.map((event) => event["n"])).toEqual([1, 2, 3]);
  });

  it("counts nothing as delivered that it was holding when it was closed", async () => {
    recorder.stall();
    bus.emit({ event: "held" });
    recorder.close();
    await bus.flush();
    expect(recorder.closed).toBe(true);
    expect(recorder.events).toEqual([]);
    expect(bus.stats().sinks[0]).toMatchObject({ delivered: 0, dropped: { "send-failed": 1 } });
  });
});
