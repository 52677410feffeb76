import { getEventListeners } from "node:events";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { EventLog, TailItem } from "@loops/core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type ActivityHandlerOptions, createActivityHandler } from "../../src/http.js";
import { type MemoryLogOptions, type MemoryLogTransport, memoryLogTransport } from "../../src/index.js";
import { SseReader } from "./sse-reader.js";

const url = "http://localhost/activity";
let count = 0;

function append(log: MemoryLogTransport, ...names: readonly string[]): string[] {
  return names.map((event) => log.append({ event, ts: "2024-01-15T10:30:00.000Z", id: `stream-${++count}` }));
}

function filled(names: readonly string[], options?: ActivityHandlerOptions, bounds?: MemoryLogOptions) {
  const log = memoryLogTransport(bounds);
  const cursors = append(log, ...names);
  const handler = createActivityHandler(log, options);
  const open = (query = "", init: RequestInit = {}) => {
    const headers = { accept: "text/event-stream", ...(init.headers as Record<string, string>) };
    return handler(new Request(url + query, { ...init, headers }));
  };
  const reader = async (query?: string, init?: RequestInit) => new SseReader((await open(query, init)).body);
  return { log, cursors, handler, open, reader };
}

describe("a stream", () => {
  it("is an event stream that no proxy may hold back", async () => {
    const { handler } = filled([]);
    const response = await handler(new Request(`${url}?stream`));
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store, no-transform",
      "x-accel-buffering": "no",
      "x-content-type-options": "nosniff",
    });
    await response.body?.cancel();
  });

  it("begins at the oldest event kept, like a page, and goes on with what comes", async () => {
    const { log, cursors, reader } = filled(["a", "b"]);
    const events = await (await reader()).until(2);
    append(log, "c");
    await events.until(3);
    expect(events.shown).toEqual(["a", "b", "c"]);
    expect(events.messages.slice(0, 2).map(({ id }) => id)).toEqual(cursors);
    expect(events.errors).toEqual([]);
  });

  it("is made of messages without a name, so that onmessage hears them; the name is in the data", async () => {
    const { log, reader } = filled(["a"]);
    const [message] = (await (await reader()).until(1)).messages;
    expect(message?.event).toBeUndefined();
    expect(JSON.parse(message?.data ?? "")).toEqual(log.query().events[0]?.event);
  });

  it("resumes after Last-Event-ID: every event once", async () => {
    const { log, cursors, reader } = filled(["a", "b", "c"]);
    append(log, "d");
    const headers = { "last-event-id": cursors[1] ?? "" };
    expect((await (await reader(`?since=${cursors[0]}`, { headers })).until(2)).shown).toEqual(["c", "d"]);
  });

  it("gives a place before its first event, so that a reader which is cut off at once comes back to it", async () => {
    const { log, reader } = filled([], { retryMs: 1234 });
    const events = await reader();
    await events.read();
    expect(events.retries).toEqual([1234]);
    const start = log.query({ limit: 0 }).next;
    append(log, "a");
    expect((await (await reader("", { headers: { "last-event-id": start } })).until(1)).shown).toEqual(["a"]);
    const raw = await (await filled([]).open()).body?.getReader().read();
    expect(new TextDecoder().decode(raw?.value)).toMatch(/^retry: 2000\nid: [0-9a-f]{20}:0\n\n$/);
  });

  it("tells a gap by a message of that name, once also for a reader that is then cut off", async () => {
    const { log, cursors, reader } = filled(["a"], {}, { maxEntries: 2 });
    append(log, "b", "c", "d", "e");
    const headers = { "last-event-id": cursors[0] ?? "" };
    const events = await (await reader("", { headers })).until(1);
    expect(events.messages[0]).toMatchObject({ event: "gap", data: '{"missed":2}' });
    const again = await reader("", { headers: { "last-event-id": events.messages[0]?.id ?? "" } });
    expect((await again.until(2)).shown).toEqual(["d", "e"]);
  });

  it("tells a gap of unknown size to a reader from another life of the log, then all that is kept", async () => {
    const { reader } = filled(["a", "b"]);
    const headers = { "last-event-id": filled(["x"]).cursors[0] ?? "" };
    expect((await (await reader("", { headers })).until(3)).shown).toEqual([{ missed: null }, "a", "b"]);
  });

  it("holds what the globs match", async () => {
    const { log, reader } = filled(["loop_start", "noise", "x"]);
    const events = await (await reader("?event=loop_*&event=x")).until(2);
    append(log, "noise", "loop_end");
    expect((await events.until(3)).shown).toEqual(["loop_start", "x", "loop_end"]);
  });

  it("carries every text unharmed", async () => {
    const { log, reader } = filled([]);
    const text = "a\nb\r\nc\rd\n\nid: forged\u2028\0\u{1f600}é";
    log.append({ event: "e\nx", ts: "", id: "", text, lone: "\ud800" });
    const [message] = (await (await reader()).until(1)).messages;
    expect(JSON.parse(message?.data ?? "")).toMatchObject({ event: "e\nx", text, lone: "\ud800" });
  });

  it("ends when the log is closed and everything is read", async () => {
    const { log, reader, handler } = filled(["a"]);
    const events = await (await reader()).until(1);
    append(log, "b");
    log.close();
    expect((await events.toEnd()).shown).toEqual(["a", "b"]);
    expect(handler.openStreams).toBe(0);
  });

  it("tells EventSource not to come back once there is nothing more to come, but not before", async () => {
    const { log, cursors, open, handler } = filled(["a", "b"]);
    log.close();
    const first = new SseReader((await open()).body);
    expect((await first.toEnd()).shown).toEqual(["a", "b"]);
    const response = await open("", { headers: { "last-event-id": cursors[1] ?? "" } });
    expect([response.status, response.body]).toEqual([204, null]);
    expect(handler.openStreams).toBe(0);
  });

  it("answers HEAD with its headers, and opens nothing", async () => {
    const { open, handler } = filled(["a"]);
    const response = await open("", { method: "HEAD" });
    expect([response.body, response.headers.get("content-type")]).toEqual([null, "text/event-stream; charset=utf-8"]);
    expect(handler.openStreams).toBe(0);
  });
});

describe("many streams", () => {
  it("are refused above the bound, until one ends", async () => {
    const { open, handler } = filled(["a"], { maxStreams: 2 });
    const streams = [await open(), await open()];
    const refused = await open();
    expect(refused.status).toBe(503);
    expect(refused.headers.get("retry-after")).toBe("5");
    expect(await refused.json()).toEqual({ error: "all 2 streams are taken; try again later" });
    await streams[0]?.body?.cancel();
    expect(handler.openStreams).toBe(1);
    expect((await open()).status).toBe(200);
  });

  it("are counted before the log has answered, so that no rush gets past the bound", async () => {
    const { log } = filled(["a"]);
    const handler = createActivityHandler(
      { query: async (query) => log.query(query), tail: log.tail },
      { maxStreams: 1 },
    );
    const responses = await Promise.all([1, 2, 3].map(() => handler(new Request(`${url}?stream`))));
    expect(responses.map(({ status }) => status)).toEqual([200, 503, 503]);
  });
});

describe("a slow reader", () => {
  it("holds a place and not a queue: it falls behind, and is told how much it missed", async () => {
    const { log, reader } = filled(["a"], {}, { maxEntries: 10 });
    const events = await (await reader()).until(1);
    for (let n = 0; n < 5000; n++) append(log, `e${n}`);
    await events.until(12);
    const kept = Array.from({ length: 10 }, (_, n) => `e${4990 + n}`);
    expect(events.shown).toEqual(["a", { missed: 4990 }, ...kept]);
  });

  it("costs nothing while it does not read: no event is taken from the log but the one in hand", async () => {
    const { log } = filled([]);
    let taken = 0;
    async function* tail(options?: Parameters<EventLog["tail"]>[0]) {
      for await (const item of log.tail(options)) {
        taken++;
        yield item;
      }
    }
    const handler = createActivityHandler({ query: log.query, tail });
    const response = await handler(new Request(`${url}?stream`));
    for (let n = 0; n < 100; n++) append(log, "e");
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(taken).toBe(1);
    await response.body?.cancel();
  });

  it("gets chunks of a bounded size, each as soon as it asks", async () => {
    const { log, reader } = filled([]);
    for (let n = 0; n < 1000; n++) log.append({ event: "e", ts: "", id: "", text: "x".repeat(1000) });
    const events = await (await reader()).until(1000);
    expect(Math.max(...events.chunks)).toBeLessThan(64 * 1024 + 1100);
    expect(events.chunks.length).toBeGreaterThan(10);
    expect(events.chunks.length).toBeLessThan(30);
  });
});

describe("a reader that goes away", () => {
  /** A log that counts its tails and when they end. */
  function counted(log: MemoryLogTransport) {
    const tails = { open: 0, signals: [] as AbortSignal[] };
    const tail: EventLog["tail"] = (options) => {
      tails.open++;
      if (options?.signal) tails.signals.push(options.signal);
      const items = log.tail(options);
      const end = () => {
        tails.open--;
        return items.return?.() ?? Promise.resolve({ done: true as const, value: undefined });
      };
      return { [Symbol.asyncIterator]: () => ({ next: () => items.next(), return: end }) };
    };
    return { tails, log: { query: log.query, tail } };
  }

  const leave = {
    "cancels the body": (reader: SseReader) => reader.cancel(),
    "aborts the request": (_: SseReader, controller: AbortController) => controller.abort(),
    "does both": async (reader: SseReader, controller: AbortController) => {
      controller.abort();
      await reader.cancel();
    },
    "does both the other way round": async (reader: SseReader, controller: AbortController) => {
      const cancelled = reader.cancel();
      controller.abort();
      await cancelled;
    },
  };

  it.each(Object.entries(leave))("and %s leaves no tail, no listener and no timer", async (_name, leaves) => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const { tails, log } = counted(filled(["a"]).log);
      const handler = createActivityHandler(log);
      const controller = new AbortController();
      const request = new Request(`${url}?stream`, { signal: controller.signal });
      const response = await handler(request);
      const events = await new SseReader(response.body).until(1);
      const waiting = events.read();
      await vi.waitFor(() => expect(vi.getTimerCount()).toBe(1));
      expect([tails.open, handler.openStreams]).toEqual([1, 1]);
      await leaves(events, controller);
      expect(await waiting).toBe(false);
      expect([tails.open, handler.openStreams, vi.getTimerCount()]).toEqual([0, 0, 0]);
      expect(tails.signals.map(({ aborted }) => aborted)).toEqual([true]);
      expect(getEventListeners(request.signal, "abort")).toEqual([]);
    } finally {
      vi.useRealTimers();
    }
  });

  it("before it was answered leaves nothing, either", async () => {
    const { tails, log } = counted(filled(["a"]).log);
    const handler = createActivityHandler(log);
    const response = await handler(new Request(`${url}?stream`, { signal: AbortSignal.abort() }));
    expect([tails.open, handler.openStreams]).toEqual([0, 0]);
    expect((await new SseReader(response.body).toEnd()).shown).toEqual([]);
  });

  it("is noticed also when nobody but the stream holds the request: Node drops the signal with it", async () => {
    setFlagsFromString("--expose-gc");
    const collect: () => void = runInNewContext("gc");
    const { handler, log } = filled(["a"]);
    const controller = new AbortController();
    const open = async () => (await handler(new Request(`${url}?stream`, { signal: controller.signal }))).body;
    const events = await new SseReader(await open()).until(1);
    for (let round = 0; round < 5; round++) {
      collect();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    controller.abort();
    await vi.waitFor(() => expect(handler.openStreams).toBe(0), { timeout: 10_000 });
    append(log, "b");
    expect((await events.toEnd()).shown).toEqual(["a"]);
  });

  it("without ever reading gives its place back, also in a log whose tail is a generator", async () => {
    const { log } = filled(["a", "b"]);
    let ended = 0;
    async function* tail(options?: Parameters<EventLog["tail"]>[0]): AsyncGenerator<TailItem> {
      try {
        yield* log.tail(options);
      } finally {
        ended++;
      }
    }
    const handler = createActivityHandler({ query: log.query, tail });
    const controller = new AbortController();
    await handler(new Request(`${url}?stream`, { signal: controller.signal }));
    expect(handler.openStreams).toBe(1);
    controller.abort();
    await vi.waitFor(() => expect([ended, handler.openStreams]).toEqual([1, 0]), { timeout: 10_000 });
  });
});

describe("a heartbeat", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("is a comment after 15 seconds of silence, again and again", async () => {
    const { log, reader } = filled(["a"]);
    const opened = reader();
    await vi.advanceTimersByTimeAsync(0);
    const events = await (await opened).until(1);
    const end = events.toEnd();
    await vi.advanceTimersByTimeAsync(14_999);
    expect(events.comments).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(events.comments).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(events.comments).toHaveLength(3);
    append(log, "b");
    await vi.waitFor(() => expect(events.shown).toEqual(["a", "b"]));
    expect(events.comments).toHaveLength(3);
    log.close();
    await end;
    expect(vi.getTimerCount()).toBe(0);
  });

  it("never comes where it is switched off", async () => {
    const { log, reader } = filled([], { heartbeatMs: 0 });
    const opened = reader();
    await vi.advanceTimersByTimeAsync(0);
    const events = await opened;
    const end = events.toEnd();
    await vi.advanceTimersByTimeAsync(100_000);
    expect([events.comments, vi.getTimerCount()]).toEqual([[], 0]);
    log.close();
    await end;
  });
});

describe("a log that fails", () => {
  const failing = (items: readonly TailItem[], error: Error) => {
    const { log } = filled([]);
    async function* tail() {
      yield* items;
      throw error;
    }
    return createActivityHandler({ query: log.query, tail });
  };
  const event = { event: "a", ts: "", id: "" };

  it("breaks the stream off after what it had, and holds nothing", async () => {
    const handler = failing([{ type: "event", cursor: "e:1", event }], new Error("connection lost"));
    const events = await new SseReader((await handler(new Request(`${url}?stream`))).body).until(1);
    expect(events.shown).toEqual(["a"]);
    await expect(events.toEnd()).rejects.toThrow("connection lost");
    expect(handler.openStreams).toBe(0);
  });

  it("at once is an error of the request", async () => {
    const handler = failing([], new Error("connection refused"));
    await expect(handler(new Request(`${url}?stream`))).rejects.toThrow("connection refused");
    expect(handler.openStreams).toBe(0);
  });

  it("with a cursor that fits into no header breaks the stream off, and says why", async () => {
    const handler = failing([{ type: "event", cursor: "two\nlines", event }], new Error("not reached"));
    const events = new SseReader((await handler(new Request(`${url}?stream`))).body);
    await expect(events.toEnd()).rejects.toMatchObject({ code: "LOOPS_CONFIG" });
    expect(handler.openStreams).toBe(0);
  });
});
