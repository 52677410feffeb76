import fs, { mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { hasMovedSteps, openAppendSteps, type WriteError, writeAllSteps } from "./append.js";
import { asyncAppendCalls, syncAppendCalls } from "./append-calls.js";
import { runAsync, runSync, type Steps, step } from "./steps.js";

interface Calls {
  double(n: number): number | Promise<number>;
}

function* sum(): Steps<number, Calls> {
  let total = 0;
  for (const n of [1, 2, 3]) {
    try {
      total += yield* step((calls: Calls) => calls.double(n));
    } catch {
      total += 100;
    }
  }
  if (total > 200) throw new Error("too much");
  return total;
}

const failing = (...bad: number[]) => ({
  double(n: number) {
    if (bad.includes(n)) throw new Error("no");
    return 2 * n;
  },
});
const asPromises = (calls: { double(n: number): number }) => ({ double: async (n: number) => calls.double(n) });

describe("steps", () => {
  it("have the same result whether their calls are made at once or waited for", async () => {
    expect(runSync(sum(), failing())).toBe(12);
    expect(await runAsync(sum(), asPromises(failing()))).toBe(12);
  });

  it("may catch what a call throws", async () => {
    expect(runSync(sum(), failing(2))).toBe(108);
    expect(await runAsync(sum(), asPromises(failing(2)))).toBe(108);
  });

  it("throw to whoever drives them", async () => {
    expect(() => runSync(sum(), failing(1, 2, 3))).toThrow("too much");
    await expect(runAsync(sum(), asPromises(failing(1, 2, 3)))).rejects.toThrow("too much");
  });
});

describe.each([
  [
    "synchronous",
    <T>(steps: Steps<T, never>) => Promise.resolve().then(() => runSync(steps, syncAppendCalls() as never)),
  ],
  ["asynchronous", <T>(steps: Steps<T, never>) => runAsync(steps, asyncAppendCalls() as never)],
])("%s appending", (_kind, run) => {
  function newPath(): string {
    const directory = mkdtempSync(join(tmpdir(), "ndjson-steps-"));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    return join(directory, "events.jsonl");
  }

  it("ends a torn last line, appends, and sees that the file was moved", async () => {
    const path = newPath();
    writeFileSync(path, "torn");
    const opened = await run(openAppendSteps(path));
    onTestFinished(() => fs.closeSync(opened.fd));
    expect(opened).toMatchObject({ ended: true, sizeBytes: 5 });
    await run(writeAllSteps(opened.fd, Buffer.from("next\n")));
    expect(readFileSync(path, "utf8")).toBe("torn\nnext\n");
    expect(await run(hasMovedSteps(opened))).toBe(false);
    renameSync(path, `${path}.1`);
    expect(await run(hasMovedSteps(opened))).toBe(true);
  });

  it("makes a file for its owner only, and refuses one that must be new", async () => {
    const path = newPath();
    const opened = await run(openAppendSteps(path, { exclusive: true }));
    onTestFinished(() => fs.closeSync(opened.fd));
    expect(opened).toMatchObject({ ended: false, sizeBytes: 0 });
    if (process.platform !== "win32") expect(statSync(path).mode & 0o777).toBe(0o600);
    await expect(run(openAppendSteps(path, { exclusive: true }))).rejects.toMatchObject({ code: "EEXIST" });
  });

  it.runIf(fs.existsSync("/dev/full"))("says how much of a write arrived, and why no more", async () => {
    const opened = await run(openAppendSteps("/dev/full"));
    onTestFinished(() => fs.closeSync(opened.fd));
    const error: WriteError = await run(writeAllSteps(opened.fd, Buffer.from("x\n"))).then(undefined, (e) => e);
    expect(error).toMatchObject({ code: "LOOPS_WRITE", writtenBytes: 0, cause: { code: "ENOSPC" } });
  });
});

it("asynchronous appending finishes short writes and repeats refused ones", async () => {
  const taken: number[] = [];
  const script = [1, "EAGAIN", 2, "EINTR", 3];
  const calls = asyncAppendCalls({
    ...fs,
    write: ((
      _fd: number,
      bytes: Uint8Array,
      offset: number,
      length: number,
      _at: null,
      done: (...a: unknown[]) => void,
    ) => {
      const next = script.shift() ?? length;
      if (typeof next === "string") return done(Object.assign(new Error(next), { code: next }));
      taken.push(...bytes.subarray(offset, offset + Math.min(next, length)));
      done(null, Math.min(next, length));
    }) as never,
  });
  await runAsync(writeAllSteps(-1, Buffer.from("0123456789\n")), calls);
  expect(String.fromCharCode(...taken)).toBe("0123456789\n");
});
