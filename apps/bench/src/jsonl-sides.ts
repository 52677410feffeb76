import { once } from "node:events";
import { closeSync, openSync, truncateSync, writeSync } from "node:fs";
import { createBus, type EventInput, isoNow, newEventId } from "@loops/core";
import { jsonlTransport } from "@loops/jsonl";
import { pino } from "pino";
import type { Side } from "./bench.js";
import { countLines } from "./count-lines.js";

/** A side that appends events to a file, and what closes it. Each run ends with all of them in the file. */
export interface FileSide extends Side {
  close(): void | Promise<void>;
}

/** Runs `emit`, and looks into the file, which is then emptied for the next round. */
function fileSide(path: string, emit: (count: number) => void | Promise<void>): Omit<FileSide, "close"> {
  let expected = 0;
  return {
    run(iterations) {
      expected = iterations;
      const done = emit(iterations);
      return done === undefined ? iterations : done.then(() => iterations);
    },
    reset() {
      const lines = countLines(path);
      if (lines !== expected) throw new Error(`${path} has ${lines} of ${expected} lines`);
      truncateSync(path);
    },
  };
}

/** Our bus with the sink. */
export function busToFile(path: string, event: EventInput): FileSide {
  const bus = createBus({ onError: throwLater });
  bus.addTransport(jsonlTransport({ path }));
  const side = fileSide(path, async (count) => {
    for (let i = 0; i < count; i++) bus.emit(event);
    const { ok, sinks } = await bus.flush();
    if (!ok) throw new Error(`the sink did not take all events: ${JSON.stringify(sinks)}`);
  });
  return { ...side, close: async () => void (await bus.close()) };
}

/**
 * pino with an asynchronous destination, set up to write the same fields and so as many bytes: no pid, host name or
 * level, the time by its own function for it, the id like any field. `minLength` was tried from 1 to 16 KiB: from 4 KiB
 * on it makes no difference.
 */
export async function pinoToFile(path: string, event: EventInput): Promise<FileSide> {
  const destination = pino.destination({ dest: path, sync: false, minLength: 4096 });
  await once(destination, "ready");
  const options = {
    base: null,
    // An empty level leaves an open brace, which the time then follows.
    formatters: { level: () => ({}) },
    timestamp: () => `"ts":"${isoNow()}"`,
  };
  const logger = pino(options, destination);
  const side = fileSide(path, async (count) => {
    for (let i = 0; i < count; i++) logger.info({ id: newEventId(), ...event });
    // The first drain is of what was being written, the second of the rest. With a callback, flush would also fsync.
    for (let i = 0; i < 2; i++) {
      const drained = once(destination, "drain");
      destination.flush();
      await drained;
    }
  });
  return {
    ...side,
    async close() {
      const closed = once(destination, "close");
      destination.end();
      await closed;
    },
  };
}

const batchChars = 64 * 1024;

/** The least that can be done: serialise, collect 64 KiB, write. */
export function loopToFile(path: string, { event, ...fields }: EventInput): FileSide {
  const fd = openSync(path, "a");
  const side = fileSide(path, (count) => {
    let text = "";
    for (let i = 0; i < count; i++) {
      text += `${JSON.stringify({ event, ts: isoNow(), id: newEventId(), ...fields })}\n`;
      if (text.length < batchChars) continue;
      writeSync(fd, text);
      text = "";
    }
    if (text !== "") writeSync(fd, text);
  });
  return { ...side, close: () => closeSync(fd) };
}

function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
