import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { createBus } from "@loops/core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { jsonlTransport } from "../src/jsonl-transport.js";
import { logFiles, numbersOf } from "./rotated-log.js";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "loops-worker-"));
  path = join(folder, "events.jsonl");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A worker that emits one event, says so, and then does what `ending` says. */
function startWorker(ending: string, options: object = {}): Worker {
  const script = `
    import { parentPort, workerData } from "node:worker_threads";
    const { createBus } = await import(workerData.core);
    const { jsonlTransport } = await import(workerData.jsonl);
    const bus = createBus();
    bus.addTransport(jsonlTransport({ rotate: { maxBytes: 5000 }, flushIntervalMs: 60_000, ...workerData.options }));
    bus.emit({ event: "step", n: 1 });
    ${ending}`;
  const workerData = {
    core: import.meta.resolve("@loops/core"),
    jsonl: new URL("../dist/index.js", import.meta.url).href,
    options: { path, ...options },
  };
  return new Worker(new URL(`data:text/javascript,${encodeURIComponent(script)}`), { workerData });
}

/** Whoever wants the file now gets it soon. */
async function expectFree(): Promise<void> {
  const errors: unknown[] = [];
  const bus = createBus();
  const sink = jsonlTransport({ path, rotate: { maxBytes: 5000 }, maxRetryMs: 20, onError: (e) => errors.push(e) });
  bus.addTransport(sink);
  bus.emit({ event: "step", n: 2 });
  sink.flushSync();
  expect(errors).toEqual([]);
  await bus.close();
}

describe("a rotating writer in a worker thread", () => {
  it.each([
    ["process.exit", "process.exit(0);"],
    ["an uncaught error", "setImmediate(() => { throw new Error('uncaught'); });"],
  ])("that ends by %s before its first flush has written all, and leaves no lock", async (_how, ending) => {
    for (const async of [false, true]) {
      const worker = startWorker(ending, { async });
      worker.on("error", () => {});
      await new Promise((resolve) => worker.once("exit", resolve));
      expect(numbersOf(await logFiles(path)).at(-1)).toBe(1);
      expect(readdirSync(folder)).toEqual(["events.jsonl"]);
      await expectFree();
    }
  });

  // Elsewhere nothing tells whether a thread has ended.
  it.runIf(process.platform === "linux")("that is terminated is succeeded by the next one", async () => {
    const worker = startWorker("await bus.flush(); parentPort.postMessage('flushed'); setInterval(() => {}, 1000);");
    await new Promise((resolve) => worker.once("message", resolve));
    const errors: { message: string }[] = [];
    const bus = createBus();
    const sink = jsonlTransport({
      path,
      rotate: { maxBytes: 5000 },
      maxRetryMs: 20,
      onError: (error) => errors.push(error as { message: string }),
    });
    bus.addTransport(sink);
    bus.emit({ event: "step", n: 2 });
    await bus.flush({ timeoutMs: 50 });
    expect(errors[0]).toMatchObject({ code: "LOOPS_FILE_OWNED", message: expect.stringContaining("another thread") });
    await worker.terminate();
    expect(existsSync(`${path}.lock`)).toBe(true);
    await vi.waitFor(() => expect(sink.stats().delivered).toBe(1), { timeout: 10_000, interval: 5 });
    await bus.close();
    expect(numbersOf(await logFiles(path))).toEqual([1, 2]);
    expect(existsSync(`${path}.lock`)).toBe(false);
  });
});
