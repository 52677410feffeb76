import { createServer } from "node:net";
import { isLoopsError } from "@loops/core";
import { describe, expect, it, vi } from "vitest";
import type { DeadLetter } from "../src/index.js";
import { webhookTransport } from "../src/index.js";
import { eventually, numbersOf, receiver, sinkTo, upTo } from "./sink.js";

describe("what is sent", () => {
  it("W-4: a batch is one POST of a JSON array in emit order; what does not fit goes into the next", async () => {
    const target = await receiver();
    const { bus, emit } = sinkTo(target.url, { maxBatchItems: 100 });
    emit(250);
    expect((await bus.close()).ok).toBe(true);
    expect(target.accepted.map(({ body }) => JSON.parse(body).length)).toEqual([100, 100, 50]);
    expect(target.accepted.map(({ method }) => method)).toEqual(["POST", "POST", "POST"]);
    expect(numbersOf(target.events())).toEqual(upTo(250));
    const [first] = target.events();
    expect(Object.keys(first ?? {})).toEqual(["event", "ts", "id", "n"]);
  });

  it("W-4: the queue is bounded, and what it cannot hold is counted", async () => {
    const target = await receiver();
    target.answer(() => () => {});
    const { emit, stats } = sinkTo(target.url, { maxQueueItems: 50, maxBatchItems: 10 });
    emit(80);
    expect(stats()).toMatchObject({ received: 80, dropped: { overflow: 30 }, inFlight: 10, queued: 40 });
  });

  it("W-2: nothing is needed but the global fetch", async () => {
    const target = await receiver();
    const fetched = vi.spyOn(globalThis, "fetch");
    const { bus, emit } = sinkTo(target.url);
    emit(1);
    await bus.close();
    expect(fetched).toHaveBeenCalledTimes(1);
    fetched.mockRestore();
  });

  it("W-3: send returns at once and never throws; what is changed later changes nothing that is sent", async () => {
    const target = await receiver();
    const { bus, transport } = sinkTo(target.url);
    const given = { event: "step", list: [1] };
    bus.emit(given);
    given.list.push(2);
    expect(target.requests).toEqual([]);
    await bus.flush();
    expect(target.events()).toMatchObject([{ list: [1] }]);
    await bus.close();
    const encoded = { json: "{}", line: "{}\n", bytes: Buffer.from("{}\n") };
    expect(transport.send({ event: "late", ts: "", id: "" }, encoded)).toBe(undefined);
    expect(transport.stats().dropped).toEqual({ closed: 1 });
  });

  it("W-13: what JSON cannot say is sent all the same, and stops nothing", async () => {
    const target = await receiver();
    const { bus, emit } = sinkTo(target.url);
    const cycle: Record<string, unknown> = {};
    cycle["self"] = cycle;
    bus.emit({
      event: "odd",
      cycle,
      big: 1n,
      get bad() {
        throw new Error("no");
      },
    });
    emit(3);
    expect((await bus.close()).ok).toBe(true);
    expect(target.events()).toMatchObject([
      { cycle: { self: "[Circular]" }, big: "1", bad: "[Throws: no]" },
      {},
      {},
      {},
    ]);
  });

  it("W-6: the content type is JSON, and the caller's headers go before it in any case", async () => {
    const target = await receiver();
    const plain = sinkTo(target.url);
    plain.emit(1);
    await plain.bus.close();
    const own = sinkTo(target.url, { headers: { "CONTENT-TYPE": "application/vnd.x+json", "X-Team": "a" } });
    own.emit(1);
    await own.bus.close();
    const [first, second] = target.accepted.map(({ headers }) => headers);
    expect(first).toMatchObject({ "content-type": "application/json" });
    expect(second).toMatchObject({ "content-type": "application/vnd.x+json", "x-team": "a" });
  });

  it("W-1: headers are copied", async () => {
    const target = await receiver();
    const headers = { "x-team": "a" };
    const { bus, emit } = sinkTo(target.url, { headers });
    headers["x-team"] = "b";
    emit(1);
    await bus.close();
    expect(target.accepted[0]?.headers["x-team"]).toBe("a");
  });
});

describe("when it is sent", () => {
  it("W-5: nothing is sent without events; a batch goes when its first event has waited for the interval", async () => {
    const target = await receiver();
    const { emit } = sinkTo(target.url, { flushIntervalMs: 60 });
    const began = performance.now();
    emit(2);
    await eventually(() => expect(target.accepted).toHaveLength(1));
    expect(performance.now() - began).toBeGreaterThan(55);
    emit(1, 2);
    await eventually(() => expect(target.accepted).toHaveLength(2));
    expect(numbersOf(target.events())).toEqual([0, 1, 2]);
    expect(target.requests).toHaveLength(2);
  });

  it("W-7: there is one request at a time, and later batches wait for the retries of an earlier one", async () => {
    const target = await receiver();
    let open = 0;
    let most = 0;
    target.answer(() => (response) => {
      most = Math.max(most, ++open);
      setTimeout(() => {
        open--;
        response.writeHead(target.requests.length < 4 ? 503 : 204).end();
      }, 5);
    });
    const { bus, emit } = sinkTo(target.url, { maxBatchItems: 10 });
    emit(30);
    expect((await bus.close()).ok).toBe(true);
    expect(most).toBe(1);
    const ids = target.requests.map(({ id }) => id);
    expect(new Set(ids.slice(0, 4)).size).toBe(1);
    expect(new Set(ids).size).toBe(3);
  });

  it("the connection is used again for the next batch, also after answers with a body", async () => {
    const target = await receiver();
    target.answer(() => (response) => void response.writeHead(200).end("x".repeat(10_000)));
    const { bus, emit } = sinkTo(target.url, { maxBatchItems: 10 });
    emit(200);
    await bus.close();
    expect(target.requests).toHaveLength(20);
    expect(new Set(target.requests.map(({ clientPort }) => clientPort)).size).toBeLessThanOrEqual(2);
  });
});

describe("trying again", () => {
  it.each([
    [0, 1],
    [1, 2],
    [3, 4],
  ])(
    "W-10: with maxRetries %i there are %i attempts, and then the batch is a dead letter",
    async (maxRetries, attempts) => {
      const target = await receiver();
      target.answer(() => 500);
      const { bus, emit, stats } = sinkTo(target.url, { maxRetries });
      emit(2);
      expect((await bus.flush()).ok).toBe(false);
      expect(target.requests).toHaveLength(attempts);
      expect(stats().dropped).toEqual({ "dead-letter": 2 });
    },
  );

  it("W-11: the pause is random, and doubles from 500 ms to 8 s; none follows the last attempt", async () => {
    const target = await receiver();
    const times: number[] = [];
    target.answer(() => {
      times.push(performance.now());
      return 503;
    });
    const random = vi.spyOn(Math, "random").mockReturnValue(0.1);
    const { bus, emit } = sinkTo(target.url, { retryBaseMs: undefined, maxRetryMs: undefined });
    emit(1);
    const flushed = bus.flush();
    await flushed;
    random.mockRestore();
    const pauses = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    expect(pauses).toHaveLength(3);
    // A tenth of each bound, and what a busy machine adds.
    for (const [index, boundMs] of [500, 1000, 2000].entries()) {
      expect(pauses[index]).toBeGreaterThan(boundMs / 10 - 5);
      expect(pauses[index]).toBeLessThan(boundMs * 0.9);
    }
    // A fourth pause would have been of 400 ms.
    expect(performance.now() - (times.at(-1) ?? 0)).toBeLessThan(350);
  });

  it.each([
    ["seconds", () => "1"],
    ["a date", () => new Date(Math.ceil(Date.now() / 1000) * 1000 + 1000).toUTCString()],
  ])("waits as long as Retry-After says, in %s, within the bound", async (_, header) => {
    const target = await receiver();
    const times: number[] = [];
    target.answer(() => (response) => {
      times.push(performance.now());
      response.writeHead(times.length === 1 ? 429 : 204, { "retry-after": header() }).end();
    });
    const { bus, emit } = sinkTo(target.url, { maxRetryAfterMs: 300 });
    emit(1);
    expect((await bus.flush()).ok).toBe(true);
    const pause = (times[1] ?? 0) - (times[0] ?? 0);
    expect(pause).toBeGreaterThan(290);
    expect(pause).toBeLessThan(990);
  });

  it("W-12: giving up is told once, with the number of retries and without the path; the events are handed over", async () => {
    const target = await receiver();
    target.answer(() => 500);
    const letters: DeadLetter[] = [];
    const { bus, emit, errors } = sinkTo(`${target.url}hook?token=s3cret`, {
      maxRetries: 2,
      onDeadLetter: (letter) => letters.push(letter),
    });
    emit(3);
    await bus.close();
    const messages = errors.map(String).filter((message) => message.includes("given up after 2 retries"));
    expect(messages).toHaveLength(1);
    expect(messages[0]).toContain(`POST to http://127.0.0.1:${target.port}/… was answered 500`);
    expect(letters.map(({ events }) => numbersOf(events))).toEqual([[0, 1, 2]]);
    expect(letters[0]?.batchId).toBe(target.requests[0]?.id);
  });

  it("10,000 events arrive through a receiver that fails at random three times of ten, all and in order", async () => {
    const target = await receiver();
    const random = mulberry(7);
    target.answer(() => {
      if (random() >= 0.3) return 204;
      const how = Math.floor(random() * 4);
      if (how === 0) return (_, socket) => void socket.destroy();
      if (how === 1) return (response) => void response.writeHead(429, { "retry-after": "0" }).end();
      return how === 2 ? 500 : 503;
    });
    const { bus, emit, stats } = sinkTo(target.url, { maxBatchItems: 50, maxRetries: 50, maxQueueItems: 20_000 });
    emit(10_000);
    expect((await bus.close({ timeoutMs: 20_000 })).ok).toBe(true);
    expect(numbersOf(target.events())).toEqual(upTo(10_000));
    expect(stats()).toMatchObject({ delivered: 10_000, dropped: {} });
    expect(target.requests.length).toBeGreaterThan(250);
    const sent = new Map<string, string>();
    for (const { id, body } of target.requests) expect(sent.get(id) ?? body).toBe(sent.set(id, body).get(id));
  });
});

describe("the end", () => {
  it("W-14: close sends what waits; at its deadline the request is aborted and the rest are dead letters", async () => {
    const target = await receiver();
    const aborted: unknown[] = [];
    target.answer(() => (response) => void response.on("close", () => aborted.push(true)));
    const letters: DeadLetter[] = [];
    const { bus, emit, stats } = sinkTo(target.url, {
      maxBatchItems: 5,
      onDeadLetter: (letter) => letters.push(letter),
    });
    emit(12);
    const began = performance.now();
    const report = await bus.close({ timeoutMs: 100 });
    expect(performance.now() - began).toBeLessThan(1000);
    expect(report.ok).toBe(false);
    expect(numbersOf(letters.flatMap(({ events }) => events))).toEqual(upTo(12));
    expect(letters.every(({ error }) => isLoopsError(error, "LOOPS_CLOSE_TIMEOUT"))).toBe(true);
    expect(stats()).toMatchObject({ received: 12, dropped: { "dead-letter": 12 } });
    await eventually(() => expect(aborted).toHaveLength(1));
  });

  it("W-14: a pause before a retry is cut short by close", async () => {
    const target = await receiver();
    target.answer(() => (target.requests.length === 1 ? 503 : 204));
    const { bus, emit, errors } = sinkTo(target.url, { retryBaseMs: 1e9, maxRetryMs: 1e9 });
    emit(1);
    // Reported when the pause begins.
    await eventually(() => expect(errors).toHaveLength(1));
    expect((await bus.close()).ok).toBe(true);
  });

  it("W-8: an attempt that takes too long is aborted and made again, under the same id", async () => {
    const target = await receiver();
    target.answer(() => (target.requests.length === 1 ? () => {} : 204));
    const { bus, emit, errors } = sinkTo(target.url, { timeoutMs: 100 });
    emit(1);
    expect((await bus.close()).ok).toBe(true);
    expect(new Set(target.requests.map(({ id }) => id)).size).toBe(1);
    expect(errors.some((error) => isLoopsError(error, "LOOPS_WRITE_TIMEOUT"))).toBe(true);
  });

  it("W-8: a host that takes connections and says nothing is given up in time, too", async () => {
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const { port } = silent.address() as { port: number };
    const { bus, emit, stats } = sinkTo(`http://127.0.0.1:${port}/`, { timeoutMs: 50, maxRetries: 1 });
    emit(1);
    expect((await bus.flush({ timeoutMs: 3000 })).ok).toBe(false);
    expect(stats().dropped).toEqual({ "dead-letter": 1 });
    await bus.close();
    silent.close();
  });

  it("a transport without a bus works, too", async () => {
    const target = await receiver();
    const transport = webhookTransport({ url: target.url });
    const json = '{"event":"a","ts":"","id":"1"}';
    transport.send({ event: "a", ts: "", id: "1" }, { json, line: `${json}\n`, bytes: Buffer.from(`${json}\n`) });
    await transport.close();
    expect(target.events()).toEqual([{ event: "a", ts: "", id: "1" }]);
  });
});

/** Random numbers that are the same each time. */
function mulberry(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
