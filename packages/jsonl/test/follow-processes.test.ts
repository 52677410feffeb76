import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type EventFollower, followEvents } from "../src/follow-events.js";
import { readEvents } from "../src/read-events.js";

const program = fileURLToPath(new URL("./fixtures/followed-writer.mjs", import.meta.url));
let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "loops-follow-processes-"));
  path = join(folder, "events.jsonl");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Resolves with the signal that ended it. It is killed once it says that it got to `killAt`. */
function write(from: number, to: number, how: string, killAt?: string): Promise<string | null> {
  const child = spawn(process.execPath, [program, path, String(from), String(to), how], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "\n";
  child.stdout.on("data", (chunk) => {
    output += chunk;
    if (killAt !== undefined && output.includes(`\n${killAt}\n`)) child.kill("SIGKILL");
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => (code === null || code === 0 ? resolve(signal) : reject(new Error(`${code}`))));
  });
}

async function takeTo(follower: EventFollower, last: unknown, taken: unknown[]): Promise<void> {
  while (taken.at(-1) !== last) {
    const { done, value } = await follower.next();
    if (done === true) throw new Error("ended");
    taken.push(value["n"]);
  }
}

const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);

async function written(): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const event of readEvents(path, { rotated: true })) all.push(event["n"]);
  return all;
}

it("all that a process writes while it rotates by size and compresses is followed, in order", async () => {
  const follower = followEvents(path);
  const taken: unknown[] = [];
  const [signal] = await Promise.all([write(1, 8000, "transport"), takeTo(follower, 8000, taken)]);
  await follower.return();
  expect(signal).toBeNull();
  expect(readdirSync(folder).length).toBeGreaterThan(20);
  expect(taken).toEqual(upTo(8000));
  expect([follower.gaps, follower.badLines]).toEqual([0, 0]);
  expect(await written()).toEqual(taken);
});

it("a reader that is slower than rotation gets all of it, also when it goes on in new readers", async () => {
  const taken: unknown[] = [];
  const writing = write(1, 4000, "transport");
  let position: string | null = null;
  while (taken.length < 4000) {
    const follower = followEvents(path, { position, rotated: true, pollIntervalMs: 20 });
    await takeTo(follower, Math.min(taken.length + 333, 4000), taken);
    ({ position } = follower);
    expect(follower.gaps).toBe(0);
    await follower.return();
  }
  await writing;
  expect(taken).toEqual(upTo(4000));
});

it("files that get another name right after their last line are read to their end", async () => {
  const follower = followEvents(path, { lingerMs: 0, pollIntervalMs: 5 });
  const taken: unknown[] = [];
  await Promise.all([write(1, 7000, "by-hand"), takeTo(follower, 7000, taken)]);
  await follower.return();
  expect(taken).toEqual(upTo(7000));
});

it("writers that are killed, between lines and within one, cost the reader nothing that is in the files", async () => {
  const follower = followEvents(path);
  const taken: unknown[] = [];
  const ends: unknown[] = [];
  const reading = takeTo(follower, 40_200, taken);
  ends.push(await write(1, 1e9, "transport", "1000"));
  ends.push(await write(9999, 0, "torn", "torn"));
  ends.push(await write(20_000, 1e9, "transport", "21000"));
  ends.push(await write(40_000, 40_200, "transport"));
  await reading;
  await follower.return();
  expect(ends).toEqual(["SIGKILL", "SIGKILL", "SIGKILL", null]);
  expect(taken).toEqual(await written());
  expect(taken).toEqual(expect.arrayContaining([1000, 9999, 20_000, 21_000, 40_000]));
  expect([follower.gaps, follower.badLines]).toEqual([0, 1]);
});
