import { createServer, type Socket } from "node:net";
import { isLoopsError } from "@loops/core";
import { describe, expect, it } from "vitest";
import type { DeadLetter } from "../src/index.js";
import { numbersOf, receiver, sinkTo, upTo } from "./sink.js";

interface RawAnswer {
  write(text: string): void;
  end(): void;
  /** Writes again and again, for so long or until the connection ends. */
  drip(text: string, everyMs: number, forMs: number): void;
}

/** A server of raw bytes, for answers that no HTTP server would give. */
async function rawServer(answer: (raw: RawAnswer, count: number) => void) {
  let count = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    let seen = "";
    socket.on("data", (chunk) => {
      seen += chunk.toString("latin1");
      const length = Number(/content-length: (\d+)/i.exec(seen)?.[1] ?? Number.NaN);
      const head = seen.indexOf("\r\n\r\n");
      if (head === -1 || seen.length < head + 4 + length) return;
      seen = seen.slice(head + 4 + length);
      const write = (text: string) => void socket.write(text);
      const end = () => void socket.destroy();
      const drip = (text: string, everyMs: number, forMs: number) => {
        const timer = setInterval(() => write(text), everyMs);
        const limit = setTimeout(() => clearInterval(timer), forMs);
        socket.once("close", () => {
          clearInterval(timer);
          clearTimeout(limit);
        });
      };
      answer({ write, end, drip }, ++count);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const close = () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return { url: `http://127.0.0.1:${port}/`, close, count: () => count };
}

describe("every status", () => {
  it.each([200, 201, 202, 204, 206, 299])("W-9: %i is delivered", async (status) => {
    const target = await receiver();
    target.answer(() => status);
    const { bus, emit, stats } = sinkTo(target.url);
    emit(2);
    expect((await bus.close()).ok).toBe(true);
    expect(stats()).toMatchObject({ delivered: 2, dropped: {} });
  });

  it.each([408, 425, 429, 500, 502, 503, 504, 599])("W-9: %i is tried again under the same id", async (status) => {
    const target = await receiver();
    target.answer(() => (target.requests.length < 3 ? status : 204));
    const { bus, emit, stats } = sinkTo(target.url);
    emit(2);
    expect((await bus.close()).ok).toBe(true);
    expect(new Set(target.requests.map(({ id }) => id)).size).toBe(1);
    expect(stats()).toMatchObject({ delivered: 2, dropped: {} });
  });

  it.each([300, 302, 304, 307, 308, 400, 402, 404, 405, 409, 415, 422, 451])(
    "W-9: %i makes a dead letter at once, and the next batch goes on",
    async (status) => {
      const target = await receiver();
      target.answer(() => (target.requests.length === 1 ? status : 204));
      const letters: DeadLetter[] = [];
      const { bus, emit, stats } = sinkTo(target.url, {
        maxBatchItems: 2,
        onDeadLetter: (letter) => letters.push(letter),
      });
      emit(4);
      await bus.close();
      expect(target.requests).toHaveLength(2);
      expect(letters.map(({ events }) => numbersOf(events))).toEqual([[0, 1]]);
      expect(stats()).toMatchObject({ delivered: 2, dropped: { "dead-letter": 2 } });
    },
  );

  it.each([401, 403, 410])("W-9: %i stops the sink, which says so; nothing more is asked", async (status) => {
    const target = await receiver();
    target.answer(() => status);
    const letters: DeadLetter[] = [];
    const { bus, emit, stats, errors } = sinkTo(target.url, {
      maxBatchItems: 2,
      onDeadLetter: (letter) => letters.push(letter),
    });
    emit(4);
    await bus.flush();
    emit(3, 4);
    await bus.close();
    expect(target.requests).toHaveLength(1);
    expect(stats()).toMatchObject({ received: 7, delivered: 0, dropped: { disabled: 7 } });
    expect(numbersOf(letters.flatMap(({ events }) => events))).toEqual(upTo(4));
    expect([...new Set(errors.map(String))]).toEqual([expect.stringContaining(`was answered ${status}: `)]);
  });

  it("W-9: 413 splits until the parts fit, each under an id of its own that it keeps; a single event is a dead letter", async () => {
    const target = await receiver();
    let failures = 0;
    target.answer(({ body }) => {
      if (body.length > 300) return 413;
      // Each part has one more attempt.
      return failures++ % 2 === 0 ? 503 : 204;
    });
    const letters: DeadLetter[] = [];
    const { bus, emit, stats } = sinkTo(target.url, { onDeadLetter: (letter) => letters.push(letter) });
    emit(8);
    bus.emit({ event: "huge", fill: "x".repeat(400) });
    emit(3, 8);
    await bus.close();
    expect(numbersOf(target.events())).toEqual(upTo(11));
    expect(letters.map(({ events }) => events.map(({ event }) => event))).toEqual([["huge"]]);
    expect(stats()).toMatchObject({ delivered: 11, dropped: { "dead-letter": 1 } });
    const bodies = new Map<string, Set<string>>();
    for (const { id, body } of target.requests) bodies.set(id, (bodies.get(id) ?? new Set()).add(body));
    expect([...bodies.values()].every(({ size }) => size === 1)).toBe(true);
    const small = target.requests.filter(({ body }) => body.length <= 300).map(({ id }) => id);
    expect(small).toHaveLength(2 * new Set(small).size);
  });

  it("with splitRefused one malformed event does not take the others with it", async () => {
    const target = await receiver();
    target.answer(({ body }) => (numbersOf(JSON.parse(body)).includes(13) ? 422 : 204));
    const { bus, emit, stats } = sinkTo(target.url, { splitRefused: true });
    emit(50);
    await bus.close();
    expect(numbersOf(target.events())).toEqual(upTo(50).filter((n) => n !== 13));
    expect(stats()).toMatchObject({ delivered: 49, dropped: { "dead-letter": 1 } });
  });
});

describe("a redirect", () => {
  it.each([301, 302, 303, 307, 308])("W-6: of %i is not followed, and its target is never asked", async (status) => {
    const other = await receiver();
    const target = await receiver();
    target.answer(() => (response) => void response.writeHead(status, { location: other.url }).end());
    const { bus, emit, stats } = sinkTo(target.url, { headers: { authorization: "Bearer s3cret" } });
    emit(1);
    await bus.close();
    expect(other.requests).toEqual([]);
    expect(target.requests).toHaveLength(1);
    expect(stats().dropped).toEqual({ "dead-letter": 1 });
  });
});

describe("a server that misbehaves", () => {
  it("is waited for while it refuses connections, and gets everything when it is there", async () => {
    const { port, close } = await receiver();
    await close();
    const { bus, emit, stats } = sinkTo(`http://127.0.0.1:${port}/`, { maxRetries: 1000, maxBatchItems: 10 });
    emit(30);
    await bus.flush({ timeoutMs: 50 });
    expect(stats()).toMatchObject({ delivered: 0, dropped: {} });
    const target = await receiver({ port });
    expect((await bus.close()).ok).toBe(true);
    expect(numbersOf(target.events())).toEqual(upTo(30));
  });

  it("is asked again when it closes before it has answered, or in the middle of the head", async () => {
    const server = await rawServer(({ write, end }, count) => {
      if (count === 2) write("HTTP/1.1 20");
      if (count === 3) write("no HTTP at all\r\n\r\n");
      if (count === 4) write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
      else end();
    });
    const { bus, emit, stats } = sinkTo(server.url);
    emit(1);
    expect((await bus.close()).ok).toBe(true);
    expect(stats().delivered).toBe(1);
    expect(server.count()).toBe(4);
    server.close();
  });

  it.each<[string, (raw: RawAnswer) => void]>([
    [
      "closes in the middle of the body",
      ({ write, end }) => {
        write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
        setTimeout(end, 10);
      },
    ],
    ["promises more bytes than come", ({ write }) => write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nok")],
    [
      "sends more bytes than it promised",
      ({ write }) => write("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nmore than one"),
    ],
    [
      "sends a chunked body that is none",
      ({ write }) => write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz"),
    ],
    [
      "sends a body without an end",
      ({ write, drip }) => {
        write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        drip(`10000\r\n${"x".repeat(65_536)}\r\n`, 1, 800);
      },
    ],
    [
      "drips its body",
      ({ write, drip }) => {
        write("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
        drip("x", 20, 3000);
      },
    ],
  ])("has delivered once it has said 200, even if it %s", async (_, misbehave) => {
    const server = await rawServer((raw, count) => {
      if (count === 1) misbehave(raw);
      else raw.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    });
    const { bus, emit, stats } = sinkTo(server.url, { maxBatchItems: 2 });
    emit(4);
    expect((await bus.close()).ok).toBe(true);
    expect(stats()).toMatchObject({ delivered: 4, dropped: {} });
    expect(server.count()).toBe(2);
    server.close();
  });

  it("is not asked again when it has said 200 and its body takes longer than the attempt may", async () => {
    const server = await rawServer(({ write, drip }) => {
      write("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
      drip("x", 20, 1000);
    });
    const { bus, emit, stats } = sinkTo(server.url, { timeoutMs: 400 });
    emit(1);
    expect((await bus.close()).ok).toBe(true);
    expect(stats()).toMatchObject({ delivered: 1, dropped: {} });
    expect(server.count()).toBe(1);
    server.close();
  });

  it("is given up in time when it drips its head", async () => {
    const server = await rawServer(({ write, drip }, count) => {
      if (count > 1) return write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
      drip("H", 10, 500);
    });
    const { bus, emit } = sinkTo(server.url, { timeoutMs: 100 });
    emit(1);
    expect((await bus.close()).ok).toBe(true);
    expect(server.count()).toBe(2);
    server.close();
  });
});

describe("what is told of a failure", () => {
  it("names the reason of the network", async () => {
    const { port, close } = await receiver();
    await close();
    const { bus, emit, errors } = sinkTo(`http://127.0.0.1:${port}/`, { maxRetries: 0 });
    emit(1);
    await bus.close();
    expect(String(errors[0])).toContain(`POST to http://127.0.0.1:${port} failed: ECONNREFUSED: `);
    expect(String(errors[0])).toContain("given up after 0 retries");
    expect(isLoopsError(errors[0], "LOOPS_DELIVERY")).toBe(true);
  });
});
