import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { BatchTransportGiven, BatchTransportOptions, WriteContext } from "./batch-options.js";
import { batchTransport } from "./batch-transport.js";
import { DeliveryError } from "./delivery-error.js";
import type { EncodedEvent, LoopEvent } from "./event.js";
import type { Transport } from "./transport.js";

const emit = (transport: Transport, ...texts: string[]) => {
  for (const json of texts) {
    const event: LoopEvent = { event: json, ts: "", id: json };
    const encoded: EncodedEvent = { json, line: `${json}\n`, bytes: Buffer.from(`${json}\n`) };
    void transport.send(event, encoded);
  }
};

const total = (counts: Readonly<Record<string, number>>) => Object.values(counts).reduce((a, b) => a + b, 0);

const make = (options: Partial<BatchTransportOptions> & Pick<BatchTransportOptions, "write">) =>
  batchTransport({ name: "test", retry: { baseMs: 1, maxMs: 2 }, onError: () => {}, ...options });

describe("batching", () => {
  it("writes a full batch inside send, without waiting", () => {
    const written: string[][] = [];
    const sink = make({ maxBatchItems: 2, write: (batch) => void written.push([...batch]) });
    emit(sink, "a", "b", "c");
    expect(written).toEqual([["a", "b"]]);
    expect(sink.stats()).toMatchObject({ received: 3, delivered: 2, queued: 1 });
    return sink.close();
  });

  it("bounds a batch by bytes; a single larger item goes alone", async () => {
    const written: string[][] = [];
    const sink = make({ maxBatchBytes: 10, write: (batch) => void written.push([...batch]) });
    emit(sink, "aaaa", "bbbb", "x".repeat(50), "c");
    await sink.close();
    expect(written).toEqual([["aaaa", "bbbb"], ["x".repeat(50)], ["c"]]);
  });

  it("writes what waits after flushIntervalMs", async () => {
    vi.useFakeTimers();
    const written: string[][] = [];
    const sink = make({ flushIntervalMs: 100, write: (batch) => void written.push([...batch]) });
    emit(sink, "a");
    vi.advanceTimersByTime(99);
    expect(written).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(written).toEqual([["a"]]);
    emit(sink, "b");
    vi.advanceTimersByTime(100);
    expect(written).toEqual([["a"], ["b"]]);
    vi.useRealTimers();
    await sink.close();
  });

  it("has one write in flight at most, in order", async () => {
    const written: string[] = [];
    let running = 0;
    const sink = make({
      maxBatchItems: 1,
      async write(batch) {
        expect(++running).toBe(1);
        await new Promise((done) => setImmediate(done));
        written.push(...batch);
        running--;
      },
    });
    emit(sink, "a", "b", "c");
    await sink.close();
    expect(written).toEqual(["a", "b", "c"]);
  });
});

describe("bounds", () => {
  const stalled = (options: Partial<BatchTransportOptions>) =>
    make({ maxBatchItems: 1, write: () => new Promise<void>(() => {}), closeTimeoutMs: 0, ...options });

  it("drops the newest above maxQueueItems, and does not encode what it drops", async () => {
    const sink = stalled({ maxQueueItems: 2 });
    emit(sink, "a", "b");
    const encoded = {
      get json(): string {
        throw new Error("was encoded");
      },
    } as EncodedEvent;
    void sink.send({ event: "c", ts: "", id: "c" }, encoded);
    expect(sink.stats()).toMatchObject({ received: 3, queued: 1, inFlight: 1, dropped: { overflow: 1 } });
    await sink.close();
  });

  it("bounds the bytes held, exactly for what waits", async () => {
    const sink = stalled({ maxQueueBytes: 30 });
    emit(sink, "é".repeat(9), "b".repeat(9), "c".repeat(9));
    expect(sink.stats()).toMatchObject({ queued: 1, inFlight: 1, dropped: { overflow: 1 } });
    await sink.close();
  });

  it("an event larger than the whole queue is dropped and counted, and evicts nothing", async () => {
    const sink = stalled({ maxQueueBytes: 20, overflow: "drop-oldest", maxBatchItems: 5 });
    emit(sink, "a", "x".repeat(50));
    expect(sink.stats()).toMatchObject({ queued: 1, dropped: { overflow: 1 } });
    await sink.close();
  });

  it("drops the oldest that is not in flight, if told so", async () => {
    const dead: string[] = [];
    const sink = stalled({ maxQueueItems: 3, overflow: "drop-oldest", onDeadLetter: (items) => dead.push(...items) });
    emit(sink, "a", "b", "c", "d", "e");
    expect(sink.stats()).toMatchObject({ received: 5, queued: 2, inFlight: 1, dropped: { overflow: 2 } });
    await sink.close();
    expect(dead).toEqual(["a", "d", "e"]);
  });

  it("flush-sync makes room by writing at once, and loses nothing", async () => {
    const written: string[] = [];
    const write = (batch: readonly string[]) => void written.push(...batch);
    const sink = make({ overflow: "flush-sync", maxQueueItems: 3, write, writeSync: write });
    emit(sink, "a", "b", "c", "d", "e");
    expect(written).toEqual(["a", "b", "c"]);
    await sink.close();
    expect(written).toEqual(["a", "b", "c", "d", "e"]);
    expect(() => make({ overflow: "flush-sync", write })).toThrowError(/flush-sync/);
  });
});

describe("failure", () => {
  it("retries what failed for a passing reason, in order, and tells the attempt", async () => {
    const attempts: number[] = [];
    const written: string[] = [];
    const sink = make({
      maxBatchItems: 2,
      write(batch, { attempt }) {
        attempts.push(attempt);
        if (attempt < 2) throw new Error("passing");
        written.push(...batch);
      },
    });
    emit(sink, "a", "b", "c", "d");
    await vi.waitFor(() => expect(written).toEqual(["a", "b", "c", "d"]));
    expect(attempts).toEqual([0, 1, 2, 0, 1, 2]);
    await sink.close();
  });

  it("after maxRetries the batch is a dead letter, and the next one goes on", async () => {
    const dead: [readonly string[], unknown][] = [];
    const sink = make({
      maxBatchItems: 1,
      retry: { maxRetries: 1, baseMs: 1 },
      write(batch) {
        if (batch[0] === "bad") throw new Error("always");
      },
      onDeadLetter: (items, error) => dead.push([items, error]),
    });
    emit(sink, "bad", "good");
    await vi.waitFor(() => expect(sink.stats()).toMatchObject({ delivered: 1, dropped: { "dead-letter": 1 } }));
    expect(dead).toEqual([[["bad"], expect.objectContaining({ message: "always" })]]);
    await sink.close();
  });

  it("obeys retryAfterMs, also when a flush asks for speed", async () => {
    let calls = 0;
    const sink = make({
      maxBatchItems: 1,
      write() {
        if (++calls === 1) throw new DeliveryError("wait", { kind: "retry", retryAfterMs: 60_000 });
      },
    });
    emit(sink, "a");
    await expect(sink.flush({ timeoutMs: 10 })).rejects.toMatchObject({ code: "LOOPS_FLUSH_TIMEOUT" });
    expect(calls).toBe(1);
    await sink.close({ timeoutMs: 0 });
  });

  it("a flush does not wait for a pause that nobody asked for", async () => {
    let calls = 0;
    const sink = make({
      maxBatchItems: 1,
      retry: { baseMs: 1e6, maxMs: 1e6 },
      write() {
        if (++calls === 1) throw new Error("once");
      },
    });
    emit(sink, "a");
    await sink.flush();
    expect(sink.stats()).toMatchObject({ delivered: 1 });
    await sink.close();
  });

  it("splits what is too large; a single item that is too large is a dead letter", async () => {
    const written: string[] = [];
    const sink = make({
      write(batch) {
        if (batch.length > 2 || batch[0] === "huge") throw new DeliveryError("413", { kind: "too-large" });
        written.push(...batch);
      },
    });
    emit(sink, "a", "b", "c", "huge", "d");
    await sink.close();
    expect(written).toEqual(["a", "b", "c", "d"]);
    expect(sink.stats()).toMatchObject({ delivered: 4, dropped: { "dead-letter": 1 } });
  });

  it("a poison event does not hold up those behind it", async () => {
    const written: string[] = [];
    const sink = make({
      write(batch) {
        const failedIndexes = batch.flatMap((item, index) => (item === "poison" ? [index] : []));
        if (failedIndexes.length > 0) throw new DeliveryError("no", { kind: "refused", failedIndexes });
        written.push(...batch);
      },
    });
    emit(sink, "a", "poison", "b");
    await sink.close();
    expect(written).toEqual(["a", "b"]);
    expect(sink.stats()).toMatchObject({ delivered: 2, dropped: { "dead-letter": 1 } });
  });

  it("does not write again what arrived beside what failed", async () => {
    const written: string[] = [];
    let first = true;
    const sink = make({
      write(batch) {
        const failed = first ? [1] : [];
        first = false;
        written.push(...batch.filter((_, index) => !failed.includes(index)));
        if (failed.length > 0)
          throw new DeliveryError("some", { kind: "retry", failedIndexes: failed, othersDelivered: true });
      },
    });
    emit(sink, "a", "b", "c");
    await sink.close();
    expect(written).toEqual(["a", "c", "b"]);
    expect(sink.stats()).toMatchObject({ received: 3, delivered: 3 });
  });

  it("disable stops for good and counts everything", async () => {
    const sink = make({
      maxBatchItems: 2,
      write: () => {
        throw new DeliveryError("gone", { kind: "disable" });
      },
    });
    emit(sink, "a", "b", "c");
    expect(sink.stats()).toMatchObject({ received: 3, dropped: { disabled: 3 }, queued: 0 });
    await sink.close();
  });

  it("a write that never settles is aborted after writeTimeoutMs and tried again", async () => {
    const signals: AbortSignal[] = [];
    const sink = make({
      maxBatchItems: 1,
      writeTimeoutMs: 5,
      write: (_batch, { signal, attempt }: WriteContext) => {
        signals.push(signal);
        return attempt === 0 ? new Promise<void>(() => {}) : undefined;
      },
    });
    emit(sink, "a");
    await vi.waitFor(() => expect(sink.stats().delivered).toBe(1));
    expect(signals[0]?.aborted).toBe(true);
    await sink.close();
  });

  it("reports to the bus it is attached to, unless it has an onError of its own", async () => {
    const reported: unknown[] = [];
    const sink = batchTransport({
      name: "x",
      retry: { maxRetries: 0 },
      maxBatchItems: 1,
      write: () => {
        throw new Error("no");
      },
    });
    sink.attach({ report: (error) => reported.push(error) });
    emit(sink, "a");
    expect(reported).toHaveLength(1);
    await sink.close();
  });
});

describe("sinks that misbehave", () => {
  it("a write that returns something else than a promise is done", async () => {
    const written: string[] = [];
    const sink = make({ maxBatchItems: 1, write: (batch) => written.push(...batch) as never });
    emit(sink, "a", "b");
    expect(sink.stats()).toMatchObject({ delivered: 2, inFlight: 0, queued: 0 });
    await sink.close();
    expect(written).toEqual(["a", "b"]);
  });

  it("a prepare or sizeOf that throws costs that event alone, and is counted", async () => {
    const sink = make({
      write() {},
      prepare(_event, { json }) {
        if (json === "bad") throw new Error("no");
        return json;
      },
      sizeOf(item) {
        if (item === "odd") throw new Error("no size");
        return item.length;
      },
    });
    emit(sink, "good", "bad", "odd", "fine");
    expect(sink.stats()).toMatchObject({ received: 4, queued: 2, dropped: { "send-failed": 2 } });
    await sink.close();
    expect(sink.stats()).toMatchObject({ delivered: 2 });
  });

  it("an item without a size is dropped as such, and the error names sizeOf, not the queue", async () => {
    for (const size of [undefined, Number.NaN, -1, Number.POSITIVE_INFINITY]) {
      const errors: unknown[] = [];
      const prepare = ({ event }: LoopEvent) => (event === "text" ? event : { event });
      const sizeOf = size === undefined ? undefined : (item: unknown) => (item === "text" ? 4 : size);
      const write = (batch: readonly unknown[]) => void written.push(...batch);
      const written: unknown[] = [];
      const options = { name: "odd", prepare, sizeOf, write, onError: (error: unknown) => void errors.push(error) };
      const sink = batchTransport<unknown>(options as BatchTransportGiven<unknown>);
      emit(sink, "text", "object");
      expect(sink.stats()).toMatchObject({ queued: 1, dropped: { "send-failed": 1 } });
      expect(errors).toEqual([
        expect.objectContaining({ code: "LOOPS_CONFIG", message: expect.stringMatching(/^\[odd\] sizeOf must give/) }),
      ]);
      await sink.close();
      expect(written).toEqual(["text"]);
    }
  });

  it("does not compile without sizeOf where items are no text", async () => {
    const sinks = [
      // @ts-expect-error sizeOf is missing
      batchTransport({ name: "a", prepare: (event) => ({ event }), write() {} }),
      // @ts-expect-error sizeOf is missing
      batchTransport<LoopEvent>({ name: "b", prepare: (event) => event, write() {} }),
      batchTransport<LoopEvent>({ name: "c", prepare: (event) => event, sizeOf: ({ id }) => id.length, write() {} }),
      batchTransport({ name: "d", prepare: (_event, { json }) => `${json}\n`, write: ([line]) => void line?.length }),
      batchTransport({ name: "e", write: ([line]) => void line?.length }),
    ];
    await Promise.all(sinks.map((sink) => sink.close()));
  });

  it("a writeSync that sends again loses nothing and writes nothing twice", async () => {
    const written: string[] = [];
    let once = true;
    const sink = make({
      maxBatchItems: 1,
      write: async (batch) => {
        await new Promise((done) => setImmediate(done));
        written.push(...batch);
      },
      writeSync(batch) {
        written.push(...batch);
        if (once) emit(sink, "from inside");
        once = false;
      },
    });
    emit(sink, "a");
    sink.flushSync?.();
    emit(sink, "b", "c");
    await sink.close();
    // What was in flight when flushSync came may have arrived before: written again, never lost.
    expect([...new Set(written)].sort()).toEqual(["a", "b", "c", "from inside"]);
    expect(written.filter((item) => item !== "a")).toEqual(["from inside", "b", "c"]);
    expect(sink.stats()).toMatchObject({ received: 4, delivered: 4, queued: 0 });
  });

  it("an error with nonsense in it is an error like any other", async () => {
    let calls = 0;
    const sink = make({
      maxBatchItems: 1,
      write: async () => {
        if (++calls === 1) throw new DeliveryError("odd", { kind: "retry", failedIndexes: 5 as never });
      },
    });
    emit(sink, "a");
    await sink.flush();
    expect(sink.stats()).toMatchObject({ delivered: 1 });
    await sink.close();
  });

  it("stats add up when they are looked at from inside onDeadLetter", async () => {
    const looks: number[] = [];
    const sink = make({
      write: () => new Promise<void>(() => {}),
      onDeadLetter() {
        const { received, delivered, dropped, queued, inFlight } = sink.stats();
        looks.push(received - delivered - total(dropped) - queued - inFlight);
      },
    });
    emit(sink, "a", "b");
    await sink.close({ timeoutMs: 0 });
    expect(looks).toEqual([0]);
  });

  it("a time without end is no time limit, and a long pause that was asked for is kept", async () => {
    const infinite = Number.POSITIVE_INFINITY;
    const slow = make({
      maxBatchItems: 1,
      writeTimeoutMs: infinite,
      flushIntervalMs: infinite,
      write: () => new Promise<void>((done) => setTimeout(done, 20)),
    });
    emit(slow, "a");
    await slow.flush();
    expect(slow.stats()).toMatchObject({ delivered: 1, dropped: {} });
    await slow.close();

    let calls = 0;
    const asked = make({
      maxBatchItems: 1,
      write() {
        calls++;
        throw new DeliveryError("next month", { kind: "retry", retryAfterMs: 30 * 86_400_000 });
      },
    });
    emit(asked, "a");
    await asked.flush({ timeoutMs: 30 }).catch(() => {});
    expect(calls).toBe(1);
    await asked.close({ timeoutMs: 0 });
  });
});

describe("flush and close", () => {
  it("flush waits for what is in flight, not only for what is queued", async () => {
    let finish = () => {};
    const sink = make({
      maxBatchItems: 1,
      write: () =>
        new Promise<void>((done) => {
          finish = done;
        }),
    });
    emit(sink, "a");
    let flushed = false;
    const flush = sink.flush().then(() => {
      flushed = true;
    });
    await new Promise((done) => setImmediate(done));
    expect(flushed).toBe(false);
    finish();
    await flush;
    expect(sink.stats()).toMatchObject({ delivered: 1, inFlight: 0 });
    await sink.close();
  });

  it("flush with drop-oldest waits for its own events, not for a number of them", async () => {
    const finish: (() => void)[] = [];
    const written: string[] = [];
    const sink = make({
      maxBatchItems: 1,
      maxQueueItems: 2,
      overflow: "drop-oldest",
      write: (batch) =>
        new Promise<void>((done) =>
          finish.push(() => {
            written.push(...batch);
            done();
          }),
        ),
    });
    emit(sink, "a", "b");
    const flush = sink.flush();
    emit(sink, "c", "d");
    finish.shift()?.();
    await expect(flush).rejects.toMatchObject({ code: "LOOPS_FLUSH_INCOMPLETE" });
    expect(written).toEqual(["a"]);
    await sink.close({ timeoutMs: 0 });
  });

  it("flush says when something was lost while it waited", async () => {
    const sink = make({
      write: () => {
        throw new DeliveryError("no", { kind: "refused" });
      },
    });
    emit(sink, "a");
    await expect(sink.flush()).rejects.toMatchObject({ code: "LOOPS_FLUSH_INCOMPLETE" });
    await expect(sink.flush()).resolves.toBeUndefined();
    await sink.close();
  });

  it("close delivers what it can, aborts at its deadline, hands over the rest and releases the sink once", async () => {
    const dead: string[] = [];
    const release = vi.fn();
    let aborted = false;
    const sink = make({
      maxBatchItems: 1,
      write: (_batch, { signal }) => {
        signal.addEventListener("abort", () => {
          aborted = true;
        });
        return new Promise<void>(() => {});
      },
      onDeadLetter: (items) => dead.push(...items),
      close: release,
    });
    emit(sink, "a", "b");
    await Promise.all([sink.close({ timeoutMs: 10 }), sink.close()]);
    expect(aborted).toBe(true);
    expect(dead).toEqual(["a", "b"]);
    expect(release).toHaveBeenCalledOnce();
    emit(sink, "late");
    expect(sink.stats()).toMatchObject({
      received: 3,
      dropped: { "dead-letter": 2, closed: 1 },
      queued: 0,
      inFlight: 0,
    });
  });

  it("flushSync writes everything before it returns, also what an attempt in flight may not have written", async () => {
    const written: string[] = [];
    const sink = make({
      maxBatchItems: 1,
      write: () => new Promise<void>(() => {}),
      writeSync: (batch) => void written.push(...batch),
    });
    emit(sink, "a", "b");
    sink.flushSync?.();
    expect(written).toEqual(["a", "b"]);
    expect(sink.stats()).toMatchObject({ delivered: 2, queued: 0, inFlight: 0 });
    await sink.close();
  });

  it("what the sink releases is told what remains of the deadline", async () => {
    const given: number[] = [];
    const sink = make({
      write: () => new Promise<void>(() => {}),
      close: ({ timeoutMs }) => void given.push(timeoutMs ?? -1),
    });
    emit(sink, "a");
    await sink.close({ timeoutMs: 20 });
    // A timer may fire within the millisecond before its time.
    expect(given[0]).toBeLessThan(2);
    const quick = make({ write() {}, close: ({ timeoutMs }) => void given.push(timeoutMs ?? -1) });
    await quick.close({ timeoutMs: 60_000 });
    expect(given[1]).toBeGreaterThan(50_000);
    expect(given[1]).toBeLessThanOrEqual(60_000);
  });
});

describe("accounting", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("received = delivered + dropped + queued + inFlight at every look, and order is kept, whatever fails", async () => {
    const outcome = fc.constantFrom("ok", "async", "retry", "async-retry", "refused", "some", "too-large");
    await fc.assert(
      fc.asyncProperty(
        fc.array(outcome, { maxLength: 30 }),
        fc.array(fc.constantFrom("send", "send", "send", "tick", "flush"), { maxLength: 40 }),
        fc.constantFrom("drop-newest" as const, "drop-oldest" as const),
        async (outcomes, actions, overflow) => {
          const arrived: string[] = [];
          const dead: string[] = [];
          const sink = batchTransport({
            name: "random",
            maxBatchItems: 2,
            maxQueueItems: 5,
            overflow,
            retry: { maxRetries: 2, baseMs: 10 },
            onError: () => {},
            onDeadLetter: (items) => dead.push(...items),
            write(batch) {
              const what = outcomes.shift() ?? "ok";
              if (what === "ok" || what === "async") arrived.push(...batch);
              if (what === "async") return new Promise((done) => setTimeout(done, 5));
              if (what === "retry") throw new Error("retry");
              if (what === "async-retry")
                return new Promise((_, fail) => setTimeout(() => fail(new Error("retry")), 5));
              if (what === "refused") throw new DeliveryError("no", { kind: "refused" });
              if (what === "some") throw new DeliveryError("no", { kind: "refused", failedIndexes: [0] });
              if (what === "too-large") throw new DeliveryError("no", { kind: "too-large" });
              return undefined;
            },
          });
          const look = () => {
            const { received, delivered, dropped, queued, inFlight } = sink.stats();
            expect(delivered + total(dropped) + queued + inFlight).toBe(received);
            expect(queued + inFlight).toBeLessThanOrEqual(5);
          };
          let n = 0;
          for (const action of actions) {
            if (action === "send") emit(sink, String(++n).padStart(3, "0"));
            else if (action === "tick") await vi.advanceTimersByTimeAsync(7);
            else void sink.flush({ timeoutMs: 20 }).catch(() => {});
            look();
          }
          const closed = sink.close();
          await vi.advanceTimersByTimeAsync(20_000);
          await closed;
          look();
          const stats = sink.stats();
          expect(stats.queued + stats.inFlight).toBe(0);
          expect(arrived).toEqual([...arrived].sort());
          expect(arrived.length).toBe(stats.delivered);
          expect(dead.length).toBe(stats.dropped["dead-letter"] ?? 0);
        },
      ),
      { numRuns: 200 },
    );
  });
});

it("says what it needs", () => {
  expect(() => batchTransport({ name: "x" } as never)).toThrowError(/a name and a function write/);
  expect(() => batchTransport({ write() {} } as never)).toThrowError(/a name and a function write/);
});

it("backoff has full jitter under an exponential bound", async () => {
  const { backoffMs } = await import("./backoff.js");
  const options = { maxRetries: 9, baseMs: 500, maxMs: 8000 };
  expect([1, 2, 3, 4, 5, 6].map((attempt) => backoffMs(attempt, options, () => 1))).toEqual([
    500, 1000, 2000, 4000, 8000, 8000,
  ]);
  expect(backoffMs(3, options, () => 0.25)).toBe(500);
});
