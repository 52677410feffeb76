import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished, vi } from "vitest";
import { fileStore, memoryStore, runLoop } from "../../src/index.js";
import { fakeRunner, tapped } from "./harness.js";
import { loopOf } from "./machines.js";

const loop = loopOf({ a: { action: "work", next: "done" }, done: { terminal: true } });
const throwing = () => {
  throw new Error("onWarning is broken");
};

/** Catches what would be printed, and what would have ended the process. */
function watched() {
  const warnings: string[] = [];
  const rejections: unknown[] = [];
  const spy = vi.spyOn(process, "emitWarning").mockImplementation((warning) => void warnings.push(String(warning)));
  const onRejection = (reason: unknown) => rejections.push(reason);
  process.on("unhandledRejection", onRejection);
  onTestFinished(() => {
    spy.mockRestore();
    process.off("unhandledRejection", onRejection);
  });
  return { warnings, rejections };
}

it("B-31: a bus and an onWarning that both throw harm no loop: neither is a failure to write", async () => {
  const { warnings, rejections } = watched();
  const bus = { emit: throwing, flush: () => Promise.reject(new Error("no flush")) };
  const store = memoryStore();
  const result = await runLoop({ definition: loop, store, bus, runner: fakeRunner(), onWarning: throwing });
  expect(result).toMatchObject({ status: "completed", terminated_by: "terminal" });
  expect(rejections).toEqual([]);
  expect(warnings).toMatchObject([expect.stringContaining("the bus threw"), expect.stringContaining("delivered")]);
  expect(warnings[0]).toContain("onWarning is broken");
});

it("B-31: so with a store that takes its time", async () => {
  const { warnings } = watched();
  const store = tapped(memoryStore(), () => Promise.resolve());
  const result = await runLoop({
    definition: loop,
    store,
    bus: { emit: throwing },
    runner: fakeRunner(),
    onWarning: throwing,
  });
  expect(result.status).toBe("completed");
  expect(warnings).toHaveLength(1);
});

it("an onWarning of the store that throws does not stop it", async () => {
  const { warnings } = watched();
  const dir = mkdtempSync(join(tmpdir(), "loops-warnings-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const fs = { renameSync: throwing };
  const store = fileStore({ dir: join(dir, ".loops"), fs, onWarning: throwing });
  expect(await runLoop({ definition: loop, store, runner: fakeRunner() })).toMatchObject({ status: "completed" });
  expect(warnings[0]).toContain("could not be written");
});
