import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { LoopEvent } from "@loops/core";
import { afterEach, beforeEach, expect, it } from "vitest";
import { readEvents } from "../src/read-events.js";

const program = fileURLToPath(new URL("./fixtures/writer.mjs", import.meta.url));
let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "loops-jsonl-processes-"));
  path = join(folder, "events.jsonl");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function write(
  writer: string,
  count: number,
  ending: string,
  onOutput?: (text: string, pid: number) => void,
  options: object = {},
) {
  const child = spawn(process.execPath, [program, path, writer, String(count), ending, JSON.stringify(options)], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  child.stdout.on("data", (chunk) => onOutput?.(String(chunk), child.pid as number));
  return new Promise<{ code: number | null; signal: string | null }>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal }));
  });
}

async function read() {
  const reader = readEvents(path);
  const events: LoopEvent[] = [];
  for await (const event of reader) events.push(event);
  return { events, badLines: reader.badLines };
}

const numbers = (events: readonly LoopEvent[], writer: string) =>
  events.filter((event) => event["writer"] === writer).map((event) => event["n"]);

it.each([
  ["synchronously", {}, 50_000],
  ["asynchronously", { async: true }, 20_000],
  ["forced to the disk", { fsync: "batch" }, 5000],
])(
  "eight processes append to one file %s: no line is torn, missing or double, and each keeps its order",
  async (_how, options, count) => {
    const writers = ["a", "b", "c", "d", "e", "f", "g", "h"];
    await Promise.all(writers.map((writer) => write(writer, count, "just-ends", undefined, options)));
    const next = new Map(writers.map((writer) => [writer, 0]));
    const reader = readEvents(path);
    let outOfPlace = 0;
    for await (const { writer, n } of reader as AsyncIterable<LoopEvent & { writer: string; n: number }>) {
      if (next.get(writer) !== n) outOfPlace++;
      next.set(writer, n + 1);
    }
    expect({ outOfPlace, badLines: reader.badLines }).toEqual({ outOfPlace: 0, badLines: 0 });
    expect([...next.values()]).toEqual(writers.map(() => count));
  },
);

it.each([
  ["process.exit", "process-exit", 3],
  ["an uncaught error", "uncaught", 1],
  ["nothing more to do", "just-ends", 0],
])("a process that ends by %s loses nothing", async (_how, ending, code) => {
  expect(await write("a", 2000, ending)).toMatchObject({ code });
  expect((await read()).events).toHaveLength(2000);
});

it("SIGKILL takes nothing of what a flush had reported, and the next writer's lines are whole", async () => {
  for (let round = 0; round < 3; round++) {
    let flushed = -1;
    const writer = `killed-${round}`;
    const ended = await write(writer, 0, "killed", (text, pid) => {
      flushed = Number(text.trim().split("\n").at(-1));
      if (flushed >= 200) process.kill(pid, "SIGKILL");
    });
    expect(ended.signal).toBe("SIGKILL");
    const kept = numbers((await read()).events, writer);
    expect(kept.length).toBeGreaterThan(flushed);
    expect(kept).toEqual(kept.map((_, n) => n));
  }
  await write("last", 10, "just-ends");
  expect(numbers((await read()).events, "last")).toHaveLength(10);
});
