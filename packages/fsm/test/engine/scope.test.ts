import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isLoopsError } from "@loops/core";
import { describe, expect, it, onTestFinished } from "vitest";
import { defineLoop, fileStore, functionRunner, memoryStore, resumeLoop, runLoop } from "../../src/index.js";

const loop = (name: string, scope: readonly string[]) =>
  defineLoop({
    name,
    initial: "work",
    scope,
    states: { work: { action: "work", next: "done" }, done: { terminal: true } },
  });

function deferred() {
  let resolve = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/** An action that has begun and goes on until it is let go. */
function gate() {
  const begun = deferred();
  const released = deferred();
  const runner = functionRunner({
    async work() {
      begun.resolve();
      await released.promise;
    },
  });
  return { runner, begun: begun.promise, release: released.resolve };
}

const atOnce = functionRunner({ work() {} });

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "loops-scope-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

it("B-57: a loop that names no scope keeps nobody away, and is kept away by nobody", async () => {
  const store = memoryStore();
  const { runner, begun, release } = gate();
  const first = runLoop({ definition: loop("first", ["."]), store, runner });
  await begun;
  const free = await runLoop({ definition: loop("free", []), store, runner: atOnce });
  expect(free.status).toBe("completed");
  release();
  await first;
});

describe.each([
  ["memory", () => memoryStore()],
  ["file", () => fileStore({ dir: folder() })],
])("runs that work on the same files, in the %s store", (_name, newStore) => {
  it("B-33: are refused while one of them lives, and not touched; others are not", async () => {
    const store = newStore();
    const { runner, begun, release } = gate();
    const first = runLoop({ definition: loop("first", ["src"]), store, runner, cwd: "/project" });
    await begun;
    const second = runLoop({ definition: loop("second", ["src/core"]), store, runner: atOnce, cwd: "/project" });
    await expect(second).rejects.toSatisfy((error) => isLoopsError(error, "LOOPS_SCOPE_HELD"));
    await expect(second).rejects.toThrow('loop "second" works on /project/src/core, and so does run');
    expect((await store.list()).runs.map((run) => run.loop_name)).toEqual(["first"]);
    const elsewhere = await runLoop({ definition: loop("third", ["src"]), store, runner: atOnce, cwd: "/other" });
    expect(elsewhere.status).toBe("completed");
    release();
    expect((await first).status).toBe("completed");
    const later = await runLoop({ definition: loop("second", ["src/core"]), store, runner: atOnce, cwd: "/project" });
    expect(later.status).toBe("completed");
  });

  it("B-15, B-33: are not resumed beside each other either, and stay resumable", async () => {
    const store = newStore();
    const stop = new AbortController();
    stop.abort();
    const stopped = await runLoop({
      definition: loop("first", ["."]),
      store,
      runner: atOnce,
      cwd: "/project",
      signal: stop.signal,
    });
    expect(stopped.status).toBe("interrupted");
    const { runner, begun, release } = gate();
    const second = runLoop({ definition: loop("second", ["src"]), store, runner, cwd: "/project" });
    await begun;
    const resumed = () => resumeLoop({ run: stopped.run_id, store, runner: atOnce, cwd: "/project" });
    await expect(resumed()).rejects.toSatisfy((error) => isLoopsError(error, "LOOPS_SCOPE_HELD"));
    release();
    await second;
    expect((await resumed()).status).toBe("completed");
  });

  it("B-33: of several that begin at once at most one works at a time", async () => {
    const store = newStore();
    let working = 0;
    let most = 0;
    const runner = functionRunner({
      async work() {
        most = Math.max(most, ++working);
        await new Promise((resolve) => setImmediate(resolve));
        working--;
      },
    });
    const runs = ["a", "b", "c", "d"].map((name) => runLoop({ definition: loop(name, ["src"]), store, runner }));
    const ended = await Promise.allSettled(runs);
    expect(most).toBe(1);
    const done = ended.filter((run) => run.status === "fulfilled" && run.value.status === "completed");
    expect(done.length).toBeGreaterThan(0);
    for (const run of ended) {
      const refused = run.status === "rejected" ? run.reason.code : run.value.error?.type;
      expect([undefined, "LOOPS_SCOPE_HELD"]).toContain(refused);
    }
  });
});
