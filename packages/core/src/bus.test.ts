import { describe, expect, it, vi } from "vitest";
import { batchTransport } from "./batch-transport.js";
import { createBus } from "./bus.js";
import type { LoopsError } from "./errors.js";
import type { LoopEvent } from "./event.js";
import type { Transport } from "./transport.js";

/** A sink that keeps what it is sent. */
function keeper(): Transport & { events: LoopEvent[]; lines: string[] } {
  const events: LoopEvent[] = [];
  const lines: string[] = [];
  return {
    events,
    lines,
    send(event, encoded) {
      events.push(event);
      lines.push(encoded.line);
    },
    close() {},
  };
}

const quiet = { onError: () => {} };
const total = (counts: Readonly<Record<string, number>>) => Object.values(counts).reduce((a, b) => a + b, 0);

describe("emit", () => {
  it("K-1: carries any flat object and stamps ts and id where they are absent", () => {
    const bus = createBus();
    const sink = keeper();
    bus.addTransport(sink);
    bus.emit({ event: "a", n: 1 });
    bus.emit({ event: "b", ts: "2026-01-01T00:00:00.000Z", id: "mine" });
    bus.emit({ anything: true } as never);
    expect(sink.events[0]).toMatchObject({ event: "a", n: 1 });
    expect(sink.events[0]?.ts).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(sink.lines[1]).toBe('{"event":"b","ts":"2026-01-01T00:00:00.000Z","id":"mine"}\n');
    expect(sink.events).toHaveLength(3);
  });

  it("K-2: a field named event, ts or id is the real one: nothing else can overwrite it", () => {
    const bus = createBus();
    const sink = keeper();
    bus.addTransport(sink);
    bus.emit({ event: "a", payload: { event: "other", ts: "never" } });
    expect(sink.events[0]).toMatchObject({ event: "a", payload: { event: "other" } });
    expect(sink.events[0]?.ts).toMatch(/^\d{4}-/);
    expect(Object.keys(sink.events[0] ?? {}).slice(0, 3)).toEqual(["event", "ts", "id"]);
  });

  it("K-2: there is no typed form: type, timestamp and payload are fields like any other", () => {
    const bus = createBus();
    const sink = keeper();
    bus.addTransport(sink);
    const typed = { type: "state_enter", timestamp: "then", payload: { state: "fix" } };
    bus.emit(typed as never);
    const { event, ts, id, ...fields } = sink.events[0] ?? {};
    expect([event, fields]).toEqual(["", typed]);
    expect(ts).not.toBe("then");
  });

  it("K-11: never throws, whatever is emitted, and counts what is no object", () => {
    const bus = createBus(quiet);
    const sink = keeper();
    bus.addTransport(sink, { filter: "a*" });
    bus.on("a*", () => {});
    const hostile = [
      undefined,
      null,
      1,
      "text",
      Symbol("s"),
      { event: 1 },
      {
        event: {
          toString: () => {
            throw new Error("no");
          },
        },
      },
      new Proxy(
        {},
        {
          ownKeys: () => {
            throw new Error("trap");
          },
        },
      ),
      {
        get event(): string {
          throw new Error("getter");
        },
      },
    ];
    for (const event of hostile) expect(() => bus.emit(event as never)).not.toThrow();
    expect(bus.stats().dropped).toEqual({ invalid: 5 });
    expect(bus.stats().received).toBe(4);
  });

  it("K-11: what is no object is told, not only counted", () => {
    const errors: unknown[] = [];
    const bus = createBus({ onError: (error) => errors.push(error) });
    bus.on(() => {});
    bus.emit("text" as never);
    expect(errors).toEqual([expect.objectContaining({ code: "LOOPS_EVENT_DROPPED" })]);
  });

  it("K-12: receivers get a stamped copy: changing the caller's object after emit changes nothing", () => {
    const bus = createBus();
    const sink = keeper();
    bus.addTransport(sink);
    const mine: { event: string; n: number } = { event: "a", n: 1 };
    bus.emit(mine);
    mine.n = 2;
    expect(sink.events[0]).toMatchObject({ n: 1 });
    expect(mine).toEqual({ event: "a", n: 2 });
  });

  it("serialises once for all sinks", () => {
    const bus = createBus();
    let calls = 0;
    for (let i = 0; i < 5; i++) bus.addTransport(keeper());
    bus.emit({ event: "a", value: { toJSON: () => ++calls } });
    expect(calls).toBe(1);
  });

  it("does nothing at all when nobody listens", () => {
    const bus = createBus();
    let looked = 0;
    bus.emit({
      event: "a",
      get x() {
        return ++looked;
      },
    });
    expect(looked).toBe(0);
    expect(bus.stats().received).toBe(0);
  });
});

describe("order", () => {
  it("K-9: listeners first, then transports, each in order of registration", () => {
    const bus = createBus();
    const seen: string[] = [];
    bus.addTransport({ send: () => void seen.push("t1"), close() {} });
    bus.on(() => seen.push("l1"));
    bus.addTransport({ send: () => void seen.push("t2"), close() {} });
    bus.on(() => seen.push("l2"));
    bus.emit({ event: "a" });
    expect(seen).toEqual(["l1", "l2", "t1", "t2"]);
  });

  it("K-9: an event emitted by a listener reaches every sink after its cause", () => {
    const bus = createBus();
    const sink = keeper();
    bus.on("cause", () => bus.emit({ event: "effect" }));
    bus.addTransport(sink);
    bus.addTransport({
      send: (event) => event.event === "effect" && bus.emit({ event: "second" }),
      close() {},
    } as Transport);
    bus.emit({ event: "cause" });
    expect(sink.events.map((event) => event.event)).toEqual(["cause", "effect", "second"]);
  });

  it("cuts off a storm of nested emits that never drains, and counts it", () => {
    const errors: unknown[] = [];
    const bus = createBus({ maxNestedEmits: 100, onError: (error) => errors.push(error) });
    bus.on(() => bus.emit({ event: "again" }));
    bus.emit({ event: "first" });
    expect(bus.stats()).toMatchObject({ received: 101, dropped: { recursion: 1 } });
    expect(errors).toHaveLength(1);
    bus.emit({ event: "later" });
    expect(bus.stats().received).toBe(202);
  });

  it("a caller that changes a nested event before its turn changes nothing", () => {
    const bus = createBus();
    const sink = keeper();
    bus.on("a", () => {
      const nested = { event: "b", n: 1 };
      bus.emit(nested);
      nested.n = 2;
    });
    bus.addTransport(sink);
    bus.emit({ event: "a" });
    expect(sink.events[1]).toMatchObject({ event: "b", n: 1 });
  });
});

describe("listeners", () => {
  it("K-5: without a filter all; a glob or a list, any match; an empty list nothing; a missing name is empty text", () => {
    const bus = createBus();
    const seen: string[] = [];
    bus.on(() => seen.push("all"));
    bus.on("issue.*", () => seen.push("glob"));
    bus.on(["x", "issue.closed"], () => seen.push("list"));
    bus.on([], () => seen.push("never"));
    bus.on("", () => seen.push("empty"));
    bus.emit({ event: "issue.closed" });
    bus.emit({} as never);
    expect(seen).toEqual(["all", "glob", "list", "all", "empty"]);
  });

  it("K-6: the same globs select events for a transport", () => {
    const bus = createBus();
    const sink = keeper();
    bus.addTransport(sink, { filter: ["loop_*", "!x"] });
    for (const event of ["loop_start", "Loop_start", "state_enter"]) bus.emit({ event });
    expect(sink.events.map((event) => event.event)).toEqual(["loop_start"]);
    expect(bus.stats().sinks[0]?.received).toBe(1);
  });

  it("K-7: registered twice runs twice; off removes the first, an unknown one is ignored", () => {
    const bus = createBus();
    const listener = vi.fn();
    bus.on("a", listener);
    bus.on("b", listener);
    bus.on(listener);
    bus.off(() => {});
    bus.off(listener);
    bus.emit({ event: "a" });
    bus.emit({ event: "b" });
    expect(listener).toHaveBeenCalledTimes(3);
  });

  it("K-7: off removes the registration that came first, what on returned its own, each only once", () => {
    const bus = createBus();
    const seen: string[] = [];
    const twice = () => seen.push("twice");
    bus.on(twice);
    bus.on(() => seen.push("between"));
    const offLast = bus.on(twice);
    bus.emit({ event: "a" });
    bus.off(twice);
    bus.emit({ event: "a" });
    expect(seen).toEqual(["twice", "between", "twice", "between", "twice"]);
    offLast();
    offLast();
    bus.off(twice);
    bus.on(twice);
    offLast();
    bus.emit({ event: "a" });
    expect(seen.slice(5)).toEqual(["between", "twice"]);
  });

  it("K-8: registering inside a listener takes effect from the next event, for listeners and transports", () => {
    const bus = createBus();
    const sink = keeper();
    const seen: string[] = [];
    bus.on("first", () => {
      bus.on((event) => seen.push(event.event));
      bus.addTransport(sink);
    });
    bus.emit({ event: "first" });
    bus.emit({ event: "second" });
    expect(seen).toEqual(["second"]);
    expect(sink.events.map(({ event }) => event)).toEqual(["second"]);
  });

  it("K-8: unregistering inside a listener takes effect from the next event", () => {
    const bus = createBus();
    const seen: string[] = [];
    const off = bus.on(() => {
      seen.push("first");
      off();
    });
    bus.on(() => seen.push("second"));
    bus.emit({ event: "a" });
    bus.emit({ event: "b" });
    expect(seen).toEqual(["first", "second", "second"]);
  });

  it("K-10: a throwing or rejecting listener harms nobody and is counted", async () => {
    const errors: unknown[] = [];
    const bus = createBus({ onError: (error) => errors.push(error) });
    const sink = keeper();
    bus.on(() => {
      throw new Error("listener");
    });
    bus.on(async () => {
      throw new Error("async listener");
    });
    bus.addTransport(sink);
    bus.emit({ event: "a" });
    await bus.flush();
    expect(sink.events).toHaveLength(1);
    expect(bus.stats().listenerErrors).toBe(2);
    expect(errors.map(String)).toEqual(["Error: listener", "Error: async listener"]);
  });

  it("types: a listener for a name gets that event, a misspelt emit does not compile", () => {
    type Mine = { event: "started"; run: string } | { event: "ended"; code: number };
    const bus = createBus<Mine>(quiet);
    const codes: number[] = [];
    bus.on("ended", (event) => codes.push(event.code));
    bus.on("started", (event) => {
      // @ts-expect-error a started event has no code
      void event.code.toFixed;
    });
    bus.on("end*", (event) => event.ts.length);
    bus.emit({ event: "ended", code: 3 });
    // @ts-expect-error code must be a number
    bus.emit({ event: "ended", code: "3" });
    // @ts-expect-error no such event
    bus.emit({ event: "finished" });
    expect(codes).toEqual([3, "3"]);
  });
});

describe("isolation of sinks", () => {
  it("K-10: a throwing transport is counted and reported, the others get the event", () => {
    const errors: { source: string }[] = [];
    const bus = createBus({ onError: (_error, info) => errors.push(info) });
    const sink = keeper();
    bus.addTransport({
      name: "broken",
      send: () => {
        throw new Error("no");
      },
      close() {},
    });
    bus.addTransport(sink);
    for (let i = 0; i < 1000; i++) bus.emit({ event: "a" });
    expect(sink.events).toHaveLength(1000);
    expect(bus.stats().sinks[0]).toMatchObject({ name: "broken", received: 1000, dropped: { "send-failed": 1000 } });
    expect(errors.length).toBe(1);
    expect(errors[0]?.source).toBe("broken");
  });

  it("K-13: send and close are a complete transport; anything else is refused by name", () => {
    const bus = createBus();
    bus.addTransport({ send() {}, close() {} });
    expect(() => bus.addTransport({ send() {} } as never)).toThrowError(/send and close/);
    class MySink {
      send() {}
      close() {}
    }
    bus.addTransport(new MySink());
    expect(bus.stats().sinks.map((sink) => sink.name)).toEqual(["transport", "MySink"]);
  });

  it("a send that returns a promise has one lane: order kept, queue bounded, drops counted", async () => {
    const bus = createBus({ maxQueueItems: 10, ...quiet });
    const seen: unknown[] = [];
    let running = 0;
    let most = 0;
    bus.addTransport({
      async send(event) {
        most = Math.max(most, ++running);
        await Promise.resolve();
        seen.push(event["n"]);
        running--;
      },
      close() {},
    });
    for (let n = 0; n < 20; n++) bus.emit({ event: "a", n });
    expect(bus.stats().sinks[0]).toMatchObject({ received: 20, inFlight: 1, queued: 10, dropped: { overflow: 9 } });
    expect((await bus.flush()).ok).toBe(true);
    expect(most).toBe(1);
    expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  it("what waits in a lane is what was emitted, also when the caller changes nested data meanwhile", async () => {
    const bus = createBus();
    const seen: unknown[] = [];
    bus.addTransport({
      async send(event, encoded) {
        await Promise.resolve();
        seen.push(event["data"], JSON.parse(encoded.json).data);
      },
      close() {},
    });
    const data = { n: 1 };
    bus.emit({ event: "first" });
    bus.emit({ event: "a", data });
    data.n = 2;
    await bus.flush();
    expect(seen.slice(2)).toEqual([{ n: 1 }, { n: 1 }]);
  });

  it("a send that rejects is counted, and the next one goes on", async () => {
    const bus = createBus(quiet);
    let calls = 0;
    bus.addTransport({
      send: async () => {
        if (++calls === 1) throw new Error("no");
      },
      close() {},
    });
    bus.emit({ event: "a" });
    bus.emit({ event: "b" });
    const report = await bus.flush();
    expect(report.ok).toBe(false);
    expect(report.sinks[0]).toMatchObject({ delivered: 1, dropped: { "send-failed": 1 }, queued: 0, inFlight: 0 });
  });
});

describe("flush and close", () => {
  it("flush waits only for what was accepted before the call", async () => {
    const bus = createBus();
    const release: (() => void)[] = [];
    bus.addTransport({ send: () => new Promise<void>((done) => release.push(done)), close() {} });
    bus.emit({ event: "a" });
    const flushed = bus.flush();
    await Promise.resolve();
    await Promise.resolve();
    bus.emit({ event: "b" });
    release[0]?.();
    const report = await flushed;
    expect(report.ok).toBe(true);
    expect(report.sinks[0]).toMatchObject({ delivered: 1, inFlight: 1 });
    release[1]?.();
    await bus.close();
  });

  it("flush does not answer for what came after its call, whether it fails at once or finds the queue full", async () => {
    const bus = createBus({ maxQueueItems: 1, ...quiet });
    const release: (() => void)[] = [];
    bus.addTransport({ send: () => new Promise<void>((done) => release.push(done)), close() {} });
    bus.addTransport({
      send(event) {
        if (event.event === "later") throw new Error("no");
      },
      close() {},
    });
    bus.emit({ event: "a" });
    const flushed = bus.flush();
    for (let i = 0; i < 3; i++) bus.emit({ event: "later" });
    release[0]?.();
    const { ok, sinks } = await flushed;
    expect(sinks.map(({ dropped }) => dropped)).toEqual([{ overflow: 2 }, { "send-failed": 3 }]);
    expect(ok).toBe(true);
    await bus.close({ timeoutMs: 1 });
  });

  it("a flush that waits ends when the bus is closed and gives up, and says what was lost", async () => {
    const bus = createBus(quiet);
    bus.addTransport({ send: () => new Promise<void>(() => {}), close() {} });
    bus.emit({ event: "a" });
    bus.emit({ event: "b" });
    const flushed = bus.flush({ timeoutMs: 60_000 });
    await bus.close({ timeoutMs: 10 });
    const report = await flushed;
    expect(report.sinks[0]?.error).toMatchObject({ code: "LOOPS_FLUSH_INCOMPLETE" });
    expect(report.sinks[0]).toMatchObject({ ok: false, dropped: { deadline: 2 } });
  });

  it("close says by its code which sink ended by itself at the deadline, and which had to be left", async () => {
    const reported: unknown[] = [];
    const bus = createBus({ onError: (error) => void reported.push((error as LoopsError).code) });
    bus.addTransport(batchTransport({ name: "queue", write: () => new Promise(() => {}) }));
    bus.addTransport({ name: "plain", send: () => new Promise(() => {}), close() {} });
    bus.emit({ event: "a" });
    const { sinks } = await bus.close({ timeoutMs: 10 });
    expect(sinks.map(({ error }) => (error as LoopsError).code)).toEqual([
      "LOOPS_FLUSH_INCOMPLETE",
      "LOOPS_CLOSE_TIMEOUT",
    ]);
    expect(reported).toEqual(["LOOPS_CLOSE_TIMEOUT"]);
    expect(sinks.map(({ dropped }) => dropped)).toEqual([{ deadline: 1 }, { deadline: 1 }]);
  });

  it("flush of a stalled sink returns by its deadline and says what is not delivered", async () => {
    const bus = createBus(quiet);
    bus.addTransport({ name: "stalled", send: () => new Promise<void>(() => {}), close() {} });
    bus.addTransport({ name: "fine", ...keeper() });
    bus.emit({ event: "a" });
    bus.emit({ event: "b" });
    const report = await bus.flush({ timeoutMs: 20 });
    expect(report.ok).toBe(false);
    expect(report.sinks[0]).toMatchObject({ name: "stalled", ok: false, queued: 1, inFlight: 1 });
    expect(report.sinks[0]?.error).toMatchObject({ code: "LOOPS_FLUSH_TIMEOUT" });
    expect(report.sinks[1]).toMatchObject({ ok: true, delivered: 2 });
    await bus.close({ timeoutMs: 1 });
  });

  it("flush can be ended by a signal", async () => {
    const bus = createBus(quiet);
    bus.addTransport({ send: () => new Promise<void>(() => {}), close() {} });
    bus.emit({ event: "a" });
    expect((await bus.flush({ signal: AbortSignal.abort() })).ok).toBe(false);
    await bus.close({ timeoutMs: 1 });
  });

  it("K-14: close is idempotent, side by side and bounded; later emits are counted", async () => {
    const bus = createBus(quiet);
    const closes: string[] = [];
    bus.addTransport({
      name: "hangs",
      send: () => new Promise<void>(() => {}),
      close: () => new Promise<void>(() => {}),
    });
    bus.addTransport({
      name: "throws",
      send() {},
      close() {
        closes.push("throws");
        throw new Error("no");
      },
    });
    bus.addTransport({ name: "fine", send() {}, close: () => void closes.push("fine") });
    bus.emit({ event: "a" });
    bus.emit({ event: "b" });
    const first = bus.close({ timeoutMs: 30 });
    expect(bus.close()).toBe(first);
    const report = await first;
    expect(closes).toEqual(["throws", "fine"]);
    expect(report.sinks.map((sink) => sink.ok)).toEqual([false, false, true]);
    expect(report.sinks[0]).toMatchObject({ delivered: 0, dropped: { deadline: 2 }, queued: 0, inFlight: 0 });
    bus.emit({ event: "late" });
    expect(bus.stats().dropped).toEqual({ closed: 1 });
    expect(() => bus.addTransport(keeper())).toThrowError(/closed/);
  });

  it("is disposed with await using", async () => {
    const close = vi.fn();
    {
      await using bus = createBus();
      bus.addTransport({ send() {}, close });
    }
    expect(close).toHaveBeenCalledOnce();
  });

  it("keeps the accounting equation at every look, for sinks with and without counts of their own", async () => {
    const bus = createBus({ maxQueueItems: 3, ...quiet });
    let mine = 0;
    bus.addTransport({
      send: () => {
        if (Math.random() < 0.3) throw new Error("no");
      },
      close() {},
    });
    bus.addTransport({ send: () => new Promise((done) => setImmediate(done)), close() {} });
    bus.addTransport({
      send: (event) => {
        if (event["n"] === 5) throw new Error("before counting");
        mine++;
      },
      close() {},
      stats: () => ({ received: mine, delivered: mine, dropped: {}, queued: 0, inFlight: 0, spooled: 0 }),
    });
    const look = () => {
      for (const sink of bus.stats().sinks) {
        expect(sink.delivered + total(sink.dropped) + sink.queued + sink.inFlight + sink.spooled).toBe(sink.received);
      }
    };
    for (let n = 0; n < 50; n++) {
      bus.emit({ event: "a", n });
      look();
      if (n % 7 === 0) await new Promise((done) => setImmediate(done));
    }
    await bus.close();
    look();
    expect(bus.stats().sinks.map((sink) => sink.received)).toEqual([50, 50, 50]);
    expect(bus.stats().sinks[2]?.dropped).toEqual({ "send-failed": 1 });
  });

  it("reports with a bounded rate, says how many were held back, and survives an onError that throws", async () => {
    vi.useFakeTimers();
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    const infos: number[] = [];
    const bus = createBus({
      onError: (_error, { suppressed }) => {
        infos.push(suppressed);
        throw new Error("broken callback");
      },
    });
    bus.on(() => {
      throw new Error("no");
    });
    for (let i = 0; i < 10; i++) bus.emit({ event: "a" });
    vi.advanceTimersByTime(5000);
    bus.emit({ event: "a" });
    expect(infos).toEqual([0, 8]);
    await vi.waitFor(() => expect(warn).toHaveBeenCalledTimes(2));
    warn.mockRestore();
    vi.useRealTimers();
  });

  it("says what is wrong with an option", () => {
    expect(() => createBus({ maxEventBytes: -1 })).toThrowError(/\[bus\] maxEventBytes must be a number/);
    expect(() => createBus({ closeTimeoutMs: "10" as never })).toThrowError(/closeTimeoutMs/);
  });

  it("flushSync reaches every sink that can, whatever one of them does, and never throws", () => {
    const errors: unknown[] = [];
    const bus = createBus({ onError: (error) => errors.push(error) });
    const flushSync = vi.fn();
    bus.addTransport({ send() {}, close() {} });
    bus.addTransport({
      name: "broken",
      send() {},
      close() {},
      flushSync() {
        throw new Error("no");
      },
    });
    bus.addTransport({ send() {}, close() {}, flushSync });
    bus.flushSync();
    expect(flushSync).toHaveBeenCalledOnce();
    expect(errors).toHaveLength(1);
  });

  it("bounds the bytes that wait for a slow send", async () => {
    const bus = createBus({ maxQueueBytes: 1000, ...quiet });
    bus.addTransport({ send: () => new Promise(() => {}), close() {} });
    for (let n = 0; n < 20; n++) bus.emit({ event: "a", text: "x".repeat(150) });
    const { queued, inFlight, dropped } = bus.stats().sinks[0] ?? { queued: 0, inFlight: 0, dropped: {} };
    expect(inFlight).toBe(1);
    expect(queued).toBeGreaterThan(1);
    expect(queued).toBeLessThan(7);
    expect(dropped).toEqual({ overflow: 19 - queued });
    await bus.close({ timeoutMs: 0 });
  });

  it("what waits in a lane is a snapshot, also of objects without a prototype", async () => {
    const bus = createBus(quiet);
    const seen: unknown[] = [];
    bus.addTransport({
      async send(event) {
        await Promise.resolve();
        seen.push(event["data"]);
      },
      close() {},
    });
    const data = Object.assign(Object.create(null), { n: 1 });
    bus.emit({ event: "first" });
    bus.emit({ event: "second", data });
    data.n = 2;
    await bus.close();
    expect(seen[1]).toEqual({ n: 1 });
  });

  it("without an onError what goes wrong is a process warning", () => {
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    const bus = createBus();
    bus.on(() => {
      throw new Error("oh");
    });
    bus.emit({ event: "a" });
    expect(warn).toHaveBeenCalledWith("[bus] oh", expect.objectContaining({ type: "LoopsWarning" }));
    warn.mockRestore();
  });

  it("a deadline without a time has the default, not none", async () => {
    const bus = createBus(quiet);
    const seen: unknown[] = [];
    bus.addTransport({
      async send(event) {
        await new Promise((done) => setTimeout(done, 5));
        seen.push(event["n"]);
      },
      close() {},
    });
    for (let n = 0; n < 3; n++) bus.emit({ event: "a", n });
    expect((await bus.close({ timeoutMs: undefined })).ok).toBe(true);
    expect(seen).toEqual([0, 1, 2]);
  });

  it("counts for itself where a transport's stats are none", async () => {
    const bus = createBus(quiet);
    for (const value of [null, {}, "many"]) bus.addTransport({ send() {}, close() {}, stats: () => value as never });
    bus.emit({ event: "a" });
    const { sinks, ok } = await bus.close();
    expect(ok).toBe(true);
    for (const sink of sinks) expect(sink).toMatchObject({ received: 1, delivered: 1 });
  });

  it("thenables that misbehave settle once, in order, and after send has returned", async () => {
    const bus = createBus(quiet);
    const seen: unknown[] = [];
    bus.addTransport({
      send(event) {
        seen.push(event["n"]);
        const thenable = {
          // biome-ignore lint/suspicious/noThenProperty: a thenable is what this is about
          then(settle: () => void) {
            settle();
            throw new Error("after settling");
          },
        };
        return (event["n"] === 0 ? new Promise((done) => setImmediate(done)) : thenable) as Promise<void>;
      },
      close() {},
    });
    for (let n = 0; n < 5000; n++) bus.emit({ event: "a", n });
    const { sinks } = await bus.close();
    expect(sinks[0]).toMatchObject({ received: 5000, delivered: 5000, dropped: {}, queued: 0, inFlight: 0 });
    expect(seen).toEqual(Array.from({ length: 5000 }, (_, n) => n));
  });

  it("the counts add up when they are looked at from inside send and onError", () => {
    const looks: number[] = [];
    const look = () => {
      for (const { received, delivered, dropped, queued, inFlight } of bus.stats().sinks) {
        looks.push(received - delivered - total(dropped) - queued - inFlight);
      }
    };
    const bus = createBus({ onError: look });
    bus.addTransport({
      send(event) {
        look();
        if (event["n"] === 1) throw new Error("no");
      },
      close() {},
    });
    for (let n = 0; n < 3; n++) bus.emit({ event: "a", n });
    expect(looks).toEqual([0, 0, 0, 0]);
  });

  it("close is not ok when the sink ever dropped an event; flush answers for what waited at the call", async () => {
    const bus = createBus(quiet);
    bus.addTransport({
      send(event) {
        if (event["n"] === 1) throw new Error("no");
      },
      close() {},
    });
    for (let n = 0; n < 3; n++) bus.emit({ event: "a", n });
    expect((await bus.flush()).ok).toBe(true);
    expect(await bus.close()).toMatchObject({ ok: false, sinks: [{ delivered: 2, dropped: { "send-failed": 1 } }] });
  });

  it("types: a misspelt name does not compile; a glob is given any event; fields are those of the event", () => {
    type Mine = { event: "job.start"; job: string } | { event: "log"; text: string } | { event: "a" | "b"; n: number };
    const bus = createBus<Mine>(quiet);
    bus.on("log", (event) => event.text.length + event.ts.length);
    bus.on("a", (event) => event.n.toFixed());
    bus.on(["job.start", "log"], (event) => (event.event === "log" ? event.text : event.job));
    bus.on("job.*", (event) => event.event);
    // @ts-expect-error no such event
    bus.on("lgo", () => {});
    // @ts-expect-error a glob beside a name can match any event
    bus.on(["job.start", "l*"], (event) => event.job);
    // @ts-expect-error no such field
    bus.on("log", (event) => event.txt);
    const any = createBus();
    any.on("whatever", (event) => [event.id.length, event["field"]]);
    expect(any.closed).toBe(false);
  });
});
