import { spawn } from "node:child_process";
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type EventFollower, type FollowEventsOptions, followEvents } from "../src/follow-events.js";
import { type BadFileLine, LogReader } from "../src/log-reader.js";
import { readEvents } from "../src/read-events.js";
import type { ReadGap } from "../src/read-gap.js";

let folder: string;
let path: string;
const open: EventFollower[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "loops-follow-"));
  path = join(folder, "events.jsonl");
});
afterEach(async () => {
  for (const follower of open.splice(0)) await follower.return();
  rmSync(folder, { recursive: true, force: true });
});

const line = (n: number) => `{"event":"step","ts":"${new Date(1.7e12 + n).toISOString()}","id":"id-${n}","n":${n}}\n`;
const lines = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => line(from + index)).join("");
const compress = (number: number) => {
  writeFileSync(`${path}.${number}.gz`, gzipSync(readFileSync(`${path}.${number}`)));
  unlinkSync(`${path}.${number}`);
};

function follow(options: FollowEventsOptions = {}): EventFollower {
  const follower = followEvents(path, { lingerMs: 0, ...options });
  open.push(follower);
  return follower;
}

async function take(follower: EventFollower, count: number): Promise<unknown[]> {
  const taken: unknown[] = [];
  while (taken.length < count) {
    const { done, value } = await follower.next();
    if (done === true) throw new Error(`ended after ${taken.length} of ${count}`);
    taken.push(value["n"]);
  }
  return taken;
}

/** A follower that has taken `count` events, and the reports it made. */
async function following(count: number, options: FollowEventsOptions = {}) {
  const gaps: ReadGap[] = [];
  const bad: BadFileLine[] = [];
  const follower = follow({ onGap: (gap) => gaps.push(gap), onBad: (at) => bad.push(at), ...options });
  expect(await take(follower, count)).toHaveLength(count);
  return { follower, gaps, bad };
}

describe("a file that grows", () => {
  it("is read from its start, then as it grows, in whatever pieces", async () => {
    writeFileSync(path, lines(1, 3));
    const follower = follow();
    expect(await take(follower, 3)).toEqual([1, 2, 3]);
    const next = take(follower, 3);
    appendFileSync(path, line(4).slice(0, 10));
    appendFileSync(path, line(4).slice(10) + line(5));
    appendFileSync(path, line(6));
    expect(await next).toEqual([4, 5, 6]);
  });

  it("is waited for where it does not exist yet, nor its directory", async () => {
    path = join(folder, "later", "events.jsonl");
    const follower = follow({ pollIntervalMs: 20 });
    const next = take(follower, 2);
    mkdirSync(join(folder, "later"));
    writeFileSync(path, lines(1, 2));
    expect(await next).toEqual([1, 2]);
    rmSync(join(folder, "later"), { recursive: true });
    const again = take(follower, 1);
    mkdirSync(join(folder, "later"));
    writeFileSync(path, line(3));
    expect(await again).toEqual([3]);
  });

  it("is followed by looking at it where the file system tells of no changes", async () => {
    mkdirSync(join(folder, "elsewhere"));
    symlinkSync(join(folder, "elsewhere", "real.jsonl"), path);
    writeFileSync(path, line(1));
    const { follower } = await following(1, { pollIntervalMs: 20 });
    const next = take(follower, 1);
    appendFileSync(path, line(2));
    expect(await next).toEqual([2]);
  });

  it("is told of at once where the file system tells of changes", async () => {
    writeFileSync(path, line(1));
    const { follower } = await following(1, { pollIntervalMs: 1e9 });
    const next = take(follower, 1);
    appendFileSync(path, line(2));
    expect(await next).toEqual([2]);
    const created = take(follower, 1);
    renameSync(path, `${path}.1`);
    writeFileSync(path, line(3));
    expect(await created).toEqual([3]);
  });

  it("yields a line when its end is there, and from the end those that end later", async () => {
    writeFileSync(path, lines(1, 3) + line(4).slice(0, -1));
    const follower = follow({ from: "end" });
    const next = take(follower, 2);
    await expect.poll(() => follower.position).not.toBeNull();
    appendFileSync(path, `\n${line(5)}`);
    expect(await next).toEqual([4, 5]);
    expect(follower.badLines).toBe(0);
  });

  it("from the end of a file that is not there is all that comes, rotated files of then included", async () => {
    writeFileSync(`${path}.6`, line(0));
    const reader = new LogReader({ path, from: "end", lingerMs: 0 });
    while (await reader.fill());
    writeFileSync(`${path}.7`, line(1));
    writeFileSync(path, line(2));
    const read: unknown[] = [];
    while (await reader.fill()) {
      for (let event = reader.take(); event !== undefined; event = reader.take()) read.push(event["n"]);
    }
    reader.close();
    expect(read).toEqual([1, 2]);
    expect(reader.gaps).toBe(0);
  });

  it("skips and counts lines that are no events, and tells in which file they are", async () => {
    writeFileSync(path, `${line(1)}{torn\n\n[]\n${line(2)}`);
    const { follower, bad } = await following(2);
    renameSync(path, `${path}.1`);
    writeFileSync(path, `nothing\n${line(3)}`);
    expect(await take(follower, 1)).toEqual([3]);
    expect(bad.map(({ reason, number }) => [reason, number])).toEqual([
      ["not_json", 2],
      ["not_an_object", 4],
      ["not_json", 6],
    ]);
    expect(bad[2]).toMatchObject({ path, start: 0, end: 8, torn: false });
    expect(follower.badLines).toBe(3);
  });
});

describe("rotation", () => {
  it("the old file is read to its end, then those rotated in between in order, then the new one", async () => {
    writeFileSync(path, lines(1, 2));
    const { follower, gaps } = await following(1);
    appendFileSync(path, line(3));
    renameSync(path, `${path}.1`);
    appendFileSync(`${path}.1`, line(4));
    for (const n of [2, 3, 10]) {
      writeFileSync(path, line(n * 10));
      renameSync(path, `${path}.${n}`);
    }
    compress(2);
    writeFileSync(path, line(200));
    expect(await take(follower, 7)).toEqual([2, 3, 4, 20, 30, 100, 200]);
    expect(gaps).toEqual([{ reason: "files_gone", path: `${path}.10`, missedFiles: 6 }]);
  });

  it("is gone through although the file in hand was compressed, and none has its name now", async () => {
    writeFileSync(path, lines(1, 2));
    const { follower, gaps } = await following(1);
    renameSync(path, `${path}.1`);
    writeFileSync(`${path}.2`, line(3));
    compress(1);
    compress(2);
    const next = take(follower, 2);
    expect(await next).toEqual([2, 3]);
    writeFileSync(path, line(4));
    expect(await take(follower, 1)).toEqual([4]);
    expect(gaps).toEqual([]);
  });

  it("nothing is missing where other programs give 1 to the newest and shift the others", async () => {
    writeFileSync(path, lines(1, 2));
    const { follower, gaps } = await following(1);
    renameSync(path, `${path}.1`);
    for (const n of [3, 4]) {
      for (const number of [2, 1]) {
        if (existsSync(`${path}.${number}`)) renameSync(`${path}.${number}`, `${path}.${number + 1}`);
      }
      writeFileSync(`${path}.1`, line(n));
    }
    writeFileSync(path, line(5));
    expect(await take(follower, 4)).toEqual([2, 3, 4, 5]);
    expect(await take(follow({ rotated: true }), 5)).toEqual([1, 2, 3, 4, 5]);
    expect(gaps).toEqual([]);
  });

  const shift = (highest: number) => {
    for (let number = highest; number >= 1; number--) {
      for (const end of ["", ".gz"]) {
        const from = `${path}.${number}${end}`;
        if (existsSync(from)) renameSync(from, `${path}.${number + 1}${end}`);
      }
    }
  };
  /** With no file at `path`: whatever the follower does now, what comes next is what is written next. */
  const expectNothingTwice = async (follower: EventFollower, next: number) => {
    const waiting = take(follower, 1);
    const looked = await Promise.race([waiting, new Promise((resolve) => setTimeout(resolve, 60, "nothing"))]);
    expect(looked).toBe("nothing");
    writeFileSync(path, line(next));
    expect(await waiting).toEqual([next]);
  };

  it.each([
    ["removed", [1], 0],
    ["removed with the one before it", [1, 2], 0],
    ["shifted on", [], 1],
    ["compressed, and shifted on", [], 2],
  ])(
    "where 1 is the newest, nothing comes again when it is %s and there is no other",
    async (_how, removed, shifts) => {
      writeFileSync(`${path}.3`, lines(0, 2));
      writeFileSync(`${path}.2`, lines(3, 5));
      writeFileSync(`${path}.1`, lines(6, 8));
      const follower = follow({ rotated: true, pollIntervalMs: 2 });
      expect(await take(follower, 9)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
      for (const number of removed) unlinkSync(`${path}.${number}`);
      if (shifts === 2) for (const number of [1, 2, 3]) compress(number);
      for (let n = 0; n < shifts; n++) shift(3 + n);
      await expectNothingTwice(follower, 9);
      expect(follower.gaps).toBe(0);
    },
  );

  it("where numbers have risen far, a clock that was set back makes no file an older one", async () => {
    writeFileSync(`${path}.7`, lines(5000, 5002));
    const follower = follow({ rotated: true, pollIntervalMs: 2 });
    expect(await take(follower, 3)).toEqual([5000, 5001, 5002]);
    writeFileSync(`${path}.8`, lines(0, 2));
    unlinkSync(`${path}.7`);
    expect(await take(follower, 3)).toEqual([0, 1, 2]);
    expect(follower.gaps).toBe(0);
  });

  it("an older file that was not read is not taken for a newer one, as far as times tell", async () => {
    writeFileSync(`${path}.1`, lines(0, 2));
    writeFileSync(path, lines(3, 5));
    const follower = follow({ pollIntervalMs: 2 });
    expect(await take(follower, 3)).toEqual([3, 4, 5]);
    shift(1);
    unlinkSync(path);
    await expectNothingTwice(follower, 6);
    // It cannot be known what that one was.
    expect(follower.gaps).toBe(1);
  });

  it("what writers append to the old file shortly after is read before the new file", async () => {
    writeFileSync(path, line(1));
    const { follower } = await following(1, { lingerMs: 300 });
    const next = take(follower, 2);
    renameSync(path, `${path}.1`);
    writeFileSync(path, line(3));
    setImmediate(() => appendFileSync(`${path}.1`, line(2)));
    expect(await next).toEqual([2, 3]);
  });

  it("a writer that never leaves the old file does not keep the reader from the new one", async () => {
    writeFileSync(path, line(1));
    const { follower } = await following(1, { lingerMs: 30, pollIntervalMs: 10 });
    renameSync(path, `${path}.1`);
    writeFileSync(path, line(-1));
    let n = 1;
    const writing = setInterval(() => appendFileSync(`${path}.1`, line(++n)), 1);
    try {
      while ((await take(follower, 1))[0] !== -1);
    } finally {
      clearInterval(writing);
    }
  });

  it("a torn last line of a rotated file is an event if it is whole, and counted if not", async () => {
    writeFileSync(path, line(1) + line(2).slice(0, -1));
    const { follower, bad } = await following(1);
    renameSync(path, `${path}.1`);
    writeFileSync(path, line(3) + line(4).slice(0, 20));
    expect(await take(follower, 2)).toEqual([2, 3]);
    renameSync(path, `${path}.2`);
    writeFileSync(path, line(5));
    expect(await take(follower, 1)).toEqual([5]);
    expect(bad).toMatchObject([{ reason: "not_json", torn: true, number: 4 }]);
  });

  it("rotated files that are deleted unread are a gap that says how many", async () => {
    writeFileSync(`${path}.4`, line(0));
    writeFileSync(path, lines(1, 2));
    const { follower, gaps } = await following(1);
    renameSync(path, `${path}.5`);
    for (const n of [6, 7, 8]) writeFileSync(`${path}.${n}`, line(n));
    for (const n of [4, 6, 7]) unlinkSync(`${path}.${n}`);
    expect(await take(follower, 2)).toEqual([2, 8]);
    expect(gaps).toEqual([{ reason: "files_gone", path: `${path}.8`, missedFiles: 2 }]);
    expect(follower.gaps).toBe(1);
  });

  it("a file that was removed after it was read is no gap", async () => {
    writeFileSync(path, line(1));
    const { follower, gaps } = await following(1);
    renameSync(path, `${path}.1`);
    writeFileSync(`${path}.2`, line(2));
    unlinkSync(`${path}.1`);
    writeFileSync(path, line(3));
    expect(await take(follower, 2)).toEqual([2, 3]);
    expect(gaps).toEqual([]);
  });

  it("a damaged compressed file is a gap, and reading goes on behind it", async () => {
    writeFileSync(`${path}.1`, lines(1, 2));
    compress(1);
    writeFileSync(`${path}.2`, lines(3, 20_000));
    compress(2);
    writeFileSync(path, line(-1));
    truncateSync(`${path}.2.gz`, 20_000);
    const { follower, gaps } = await following(3, { rotated: true });
    while ((await take(follower, 1))[0] !== -1);
    expect(gaps).toMatchObject([{ reason: "unreadable", path: `${path}.2.gz`, cause: { code: "Z_BUF_ERROR" } }]);
  });
});

describe("truncation and deletion", () => {
  it("a file that is emptied is read from its start again, and reported", async () => {
    writeFileSync(path, lines(1, 3));
    const { follower, gaps } = await following(3);
    truncateSync(path);
    const next = take(follower, 1);
    appendFileSync(path, line(4));
    expect(await next).toEqual([4]);
    expect(gaps).toEqual([{ reason: "truncated", path, missedFiles: null }]);
  });

  it("a file that was emptied and has grown beyond its old size meanwhile is recognised", async () => {
    writeFileSync(path, lines(1, 3));
    const { follower, gaps } = await following(3);
    writeFileSync(path, lines(10, 19));
    expect(await take(follower, 10)).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
    expect(gaps).toHaveLength(1);
    writeFileSync(path, lines(20, 29));
    expect(await take(follower, 10)).toHaveLength(10);
    expect(gaps).toHaveLength(2);
  });

  it.each([false, true])("what was copied before is read there first, compressed: %s", async (gzip) => {
    writeFileSync(path, lines(1, 2));
    const { follower, gaps } = await following(2);
    appendFileSync(path, lines(3, 4));
    copyFileSync(path, `${path}.1`);
    truncateSync(path);
    if (gzip) compress(1);
    appendFileSync(path, line(5));
    expect(await take(follower, 2)).toEqual([3, 4]);
    expect(gaps).toEqual([]);
    expect(await take(follower, 1)).toEqual([5]);
    expect(gaps).toMatchObject([{ reason: "truncated" }]);
  });

  it("a file that was copied and emptied before its first line was read is read from the copy", async () => {
    writeFileSync(path, "");
    const follower = follow({ pollIntervalMs: 10 });
    const next = take(follower, 2);
    await expect.poll(() => follower.position).not.toBeNull();
    writeFileSync(`${path}.1`, line(1));
    writeFileSync(path, line(2));
    expect(await next).toEqual([1, 2]);
  });

  it("of a file that is deleted and made anew both are read to their end", async () => {
    writeFileSync(path, lines(1, 2));
    const { follower, gaps } = await following(1);
    unlinkSync(path);
    expect(await take(follower, 1)).toEqual([2]);
    const next = take(follower, 1);
    writeFileSync(path, line(3));
    expect(await next).toEqual([3]);
    expect(gaps).toEqual([]);
  });
});

describe("position", () => {
  it("is null before there is a file, and then goes on behind the last event handed out", async () => {
    const first = follow({ pollIntervalMs: 10 });
    expect(first.position).toBeNull();
    const one = take(first, 1);
    writeFileSync(path, lines(1, 4));
    expect(await one).toEqual([1]);
    const { position } = first;
    expect(await take(first, 1)).toEqual([2]);
    expect(await take(follow({ position, from: "end" }), 3)).toEqual([2, 3, 4]);
    expect(await take(follow({ position: follow({ position }).position }), 3)).toEqual([2, 3, 4]);
  });

  it("of a file that was rotated since is found there, and reading goes on through the newer ones", async () => {
    writeFileSync(path, lines(1, 3));
    const { position } = (await following(2)).follower;
    renameSync(path, `${path}.7`);
    writeFileSync(`${path}.8`, line(4));
    writeFileSync(`${path}.6`, line(0));
    writeFileSync(path, line(5));
    expect(await take(follow({ position }), 3)).toEqual([3, 4, 5]);
    compress(7);
    compress(8);
    const compressed = await following(3, { position });
    expect(await take(follow({ position }), 3)).toEqual([3, 4, 5]);
    expect(compressed.gaps).toEqual([]);
  });

  it("in a compressed file goes on there", async () => {
    writeFileSync(`${path}.1`, lines(1, 30_000));
    compress(1);
    writeFileSync(path, line(30_001));
    const { position } = (await following(20_000, { rotated: true })).follower;
    expect((await take(follow({ position }), 10_001))[0]).toBe(20_001);
  });

  it("of a file that was copied and emptied since is found in the copy", async () => {
    writeFileSync(path, lines(1, 3));
    const { position } = (await following(2)).follower;
    copyFileSync(path, `${path}.1`);
    writeFileSync(path, lines(4, 9));
    expect(await take(follow({ position }), 3)).toEqual([3, 4, 5]);
  });

  it("of a file that is gone is a gap, and reading goes on with the oldest that is newer", async () => {
    writeFileSync(`${path}.1`, line(0));
    writeFileSync(path, lines(1, 3));
    const { position } = (await following(2)).follower;
    writeFileSync(`${path}.3`, line(4));
    writeFileSync(path, line(5));
    const { gaps } = await following(2, { position });
    expect(await take(follow({ position }), 2)).toEqual([4, 5]);
    expect(gaps).toEqual([{ reason: "position_gone", path, missedFiles: null }]);
  });

  it("at the end of a file, with another begun, outlives that file", async () => {
    writeFileSync(path, line(1));
    const { follower } = await following(1, { pollIntervalMs: 5 });
    const before = follower.position;
    const next = take(follower, 1);
    unlinkSync(path);
    writeFileSync(path, "");
    await expect.poll(() => follower.position).not.toBe(before);
    const { position } = follower;
    appendFileSync(path, line(2));
    expect(await next).toEqual([2]);
    renameSync(path, `${path}.1`);
    compress(1);
    const resumed = await following(1, { position });
    expect(resumed.gaps).toEqual([]);
  });

  it("that is none is refused, as are options of the wrong kind", () => {
    for (const position of ["", "1", 5, "2.1.1.a.0.1"]) {
      expect(() => follow({ position: position as string })).toThrow(expect.objectContaining({ code: "LOOPS_CONFIG" }));
    }
    expect(() => follow({ from: "middle" as "end" })).toThrow('from must be "start" or "end"');
    expect(() => follow({ from: "end", rotated: true })).toThrow("leave it out");
    expect(() => follow({ pollIntervalMs: Number.NaN })).toThrow("pollIntervalMs");
    expect(() => followEvents("")).toThrow("must name a file");
  });
});

describe("the end", () => {
  it("return ends a next that waits, at once, and every one after it", async () => {
    const follower = follow();
    const waiting = [follower.next(), follower.next()];
    expect(await follower.return()).toEqual({ done: true, value: undefined });
    expect(await Promise.all(waiting)).toEqual(Array(2).fill({ done: true, value: undefined }));
    expect((await follower.next()).done).toBe(true);
  });

  it("a signal ends it, before it begins, while it waits and between two events", async () => {
    writeFileSync(path, lines(1, 3));
    expect((await follow({ signal: AbortSignal.abort() }).next()).done).toBe(true);
    const waits = new AbortController();
    const { follower } = await following(3, { signal: waits.signal });
    const waiting = follower.next();
    waits.abort();
    expect((await waiting).done).toBe(true);
    const between = new AbortController();
    const other = (await following(1, { signal: between.signal })).follower;
    between.abort();
    expect((await other.next()).done).toBe(true);
  });

  it("several nexts at once are answered in order", async () => {
    const follower = follow({ pollIntervalMs: 10 });
    const answers = Promise.all([1, 2, 3].map(() => follower.next()));
    writeFileSync(path, lines(1, 3));
    expect((await answers).map(({ value }) => value?.["n"])).toEqual([1, 2, 3]);
  });

  it("what cannot be read, or throws while it is told, ends it with that error", async () => {
    writeFileSync(path, `${line(1)}bad\n`);
    const throwing = follow({
      onBad: () => {
        throw new Error("told");
      },
    });
    expect(await take(throwing, 1)).toEqual([1]);
    await expect(throwing.next()).rejects.toThrow("told");
    expect((await throwing.next()).done).toBe(true);
    path = folder;
    await expect(follow().next()).rejects.toThrow("no regular file");
    const reading = readEvents(folder)[Symbol.asyncIterator]().next();
    await expect(reading).rejects.toMatchObject({ code: "LOOPS_CONFIG", cause: { code: "EISDIR" } });
  });

  it("options and paths of the wrong kind are refused at once", () => {
    const config = expect.objectContaining({ code: "LOOPS_CONFIG" });
    for (const signal of [5, null, {}, "stop"]) expect(() => follow({ signal: signal as never })).toThrow(config);
    expect(() => follow({ onBad: 5 as never })).toThrow(config);
    expect(() => readEvents(path, { onGap: {} as never })).toThrow(config);
    expect(() => readEvents(5 as never)).toThrow(config);
    expect(() => followEvents(`${path}.1.gz`)).toThrow(/is compressed, and grows no more/);
  });

  it.skipIf(process.platform !== "linux")("leaves no descriptor open, wherever it ends", async () => {
    const descriptors = () => {
      // The one that lists them is in the list.
      return readdirSync("/proc/self/fd").length;
    };
    writeFileSync(`${path}.1`, lines(1, 30_000));
    compress(1);
    writeFileSync(`${path}.2`, lines(30_001, 30_010));
    writeFileSync(path, lines(30_011, 30_012));
    const all = [0, 1, 20_000, 30_005, 30_012];
    const runs = async () => {
      for (const count of all) {
        const { follower } = await following(count, { rotated: true });
        const { position } = follower;
        const pending = follower.next();
        await follower.return();
        await pending;
        const resumed = follow({ position });
        void resumed.next();
        await new Promise(setImmediate);
        await resumed.return();
        for await (const _ of readEvents(path, { rotated: true })) break;
      }
    };
    await runs();
    const before = descriptors();
    for (let round = 0; round < 5; round++) await runs();
    await expect.poll(descriptors).toBeLessThanOrEqual(before);
  });

  it.each([
    ["is not waiting for an event", "const { value } = await follower.next(); console.log(value.n);"],
    ["waits with ref: false", "follower.next(); follower.next();"],
  ])("a process is not kept alive by a follower that %s", async (_how, use) => {
    writeFileSync(path, line(1));
    const program = `import { followEvents } from ${JSON.stringify(entry)};
      const follower = followEvents(${JSON.stringify(path)}, { ref: ${!use.includes("; follower")} });
      ${use}`;
    expect(await exitOf(program)).toBe(0);
  });
});

const entry = fileURLToPath(new URL("../dist/index.js", import.meta.url));

function exitOf(program: string): Promise<number | null> {
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], { stdio: "ignore", timeout: 20_000 });
  return new Promise((resolve) => child.on("close", resolve));
}

describe("readEvents with rotated files", () => {
  it("reads one compressed file by its name, and tells of what is no event in it and where it is damaged", async () => {
    const text = `${lines(1, 20_000)}bad\n${line(20_001)}{"torn`;
    const name = `${path}.3.gz`;
    writeFileSync(name, gzipSync(text));
    const bad: BadFileLine[] = [];
    const numbers: unknown[] = [];
    const reader = readEvents(name, { onBad: (told) => bad.push(told) });
    for await (const event of reader) numbers.push(event["n"]);
    expect(numbers).toEqual(Array.from({ length: 20_001 }, (_, index) => index + 1));
    expect(bad).toMatchObject([
      { path: name, number: 20_001, torn: false },
      { path: name, number: 20_003, torn: true },
    ]);
    expect([reader.badLines, reader.gaps]).toEqual([2, 0]);
    writeFileSync(name, gzipSync(text).subarray(0, -2000));
    numbers.length = 0;
    const gaps: ReadGap[] = [];
    for await (const event of readEvents(name, { onGap: (gap) => gaps.push(gap) })) numbers.push(event["n"]);
    expect(numbers.length).toBeLessThan(20_001);
    expect(gaps).toMatchObject([{ reason: "unreadable", path: name }]);
    for await (const event of readEvents(`${path}.9.gz`)) throw new Error(`not there: ${event.event}`);
  });

  it("reads the rotated files, the oldest first, and then the file, up to its torn end", async () => {
    for (const n of [9, 10, 11]) writeFileSync(`${path}.${n}`, line(n));
    compress(9);
    compress(11);
    writeFileSync(path, line(12) + line(13).slice(0, -1));
    const reader = readEvents(path, { rotated: true });
    const read: unknown[] = [];
    for await (const event of reader) read.push(event["n"]);
    expect(read).toEqual([9, 10, 11, 12, 13]);
    expect([reader.badLines, reader.gaps]).toEqual([0, 0]);
    writeFileSync(path, line(12) + line(13).slice(0, 9));
    for await (const _ of reader);
    expect(reader.badLines).toBe(1);
    const none = readEvents(join(folder, "none"), { rotated: true });
    for await (const _ of none) throw new Error("there is nothing to read");
  });
});
