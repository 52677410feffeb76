import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { resumeLoop, runLoop } from "../../src/index.js";
import { fakeRunner } from "../engine/harness.js";
import { newEvent, newState, newStore } from "./support.js";

/** A run that was left in the middle. */
async function interruptedRun() {
  const opened = newStore();
  const state = newState();
  const lease = await opened.store.create(state);
  await lease.commit([newEvent("loop_start")], {});
  await lease.release();
  return { ...opened, state };
}

const corrupt = { code: "LOOPS_STATE_CORRUPT" };

/** Nothing here could be read within a lifetime: the test hangs where anybody tries. */
const makeFifo = (path: string) => execFileSync("mkfifo", [path]);

describe("what somebody else put among the runs", () => {
  it.each(["bad.events.jsonl", "bad.state.json"])("B-12: a directory %s stops no other run", async (name) => {
    const { store, running, state } = await interruptedRun();
    mkdirSync(running(name));
    expect((await store.list()).corrupt).toMatchObject([{ where: running("bad.state.json"), error: corrupt }]);
    expect(await resumeLoop({ run: state.run_id, store, runner: fakeRunner() })).toMatchObject({ status: "completed" });
    const definition = state.definition;
    expect(await runLoop({ definition, store, runner: fakeRunner() })).toMatchObject({ status: "completed" });
  });

  it.skipIf(process.platform === "win32").each(["y.state.json", "y.events.jsonl"])(
    "B-12: a FIFO %s is reported as corrupt, and nobody waits for it",
    async (name) => {
      const { store, running, state } = await interruptedRun();
      makeFifo(running(name));
      const where = running("y.state.json");
      const { runs, corrupt: unreadable } = await store.list();
      expect(runs.map((run) => run.run_id)).toEqual([state.run_id]);
      expect(unreadable).toMatchObject([
        { where, error: { ...corrupt, message: expect.stringContaining(running(name)) } },
      ]);
      expect(() => store.find("y")).toThrow(expect.objectContaining(corrupt));
      expect((await store.acquire(state.run_id)).seq).toBe(1);
    },
  );

  it.skipIf(process.platform === "win32")("B-15: a FIFO in the place of an owner file is no dead owner", async () => {
    const { store, running, state } = await interruptedRun();
    makeFifo(running("fix-types.owner.7"));
    await expect(store.acquire(state.run_id)).rejects.toMatchObject({ code: "LOOPS_STORE_READ" });
  });

  it("B-16: a directory in the place of a request to stop asks nobody to stop", async () => {
    const { store, running, state } = await interruptedRun();
    mkdirSync(running("fix-types.stop"));
    expect(await (await store.acquire(state.run_id)).stopRequested()).toBe(false);
  });

  it("P-12: in the history it is reported beside the runs that can be read", async () => {
    const { store, archived, state } = await interruptedRun();
    await (await store.create(newState())).commit([newEvent("loop_start")], {});
    mkdirSync(archived("fix-types", "a..b"));
    mkdirSync(archived("fix-types", "empty"));
    writeFileSync(archived("fix-types", "notes.txt"), "of a person");
    const { runs, corrupt: unreadable } = await store.history("fix-types");
    expect(runs.map((run) => run.run_id)).toEqual([state.run_id]);
    expect(unreadable).toMatchObject([{ where: join(archived("fix-types", "a..b"), "state.json"), error: corrupt }]);
  });
});

describe("names and ids that are no text", () => {
  it.each([undefined, null, 5, {}, ["a"]])("B-13: %j is LOOPS_NAME everywhere", async (given) => {
    const { store, state } = await interruptedRun();
    const name = given as never;
    const refused = expect.objectContaining({ code: "LOOPS_NAME" });
    expect(() => store.find(name)).toThrow(refused);
    expect(() => store.isOwned(name)).toThrow(refused);
    expect(() => store.requestStop(name)).toThrow(refused);
    expect(() => store.history(name)).toThrow(refused);
    expect(() => store.readEvents(name, state.run_id)).toThrow(refused);
    expect(() => store.readEvents("fix-types", name)).toThrow(refused);
    await expect(store.acquire(name)).rejects.toEqual(refused);
    await expect(store.create(newState({ loop_name: name }))).rejects.toEqual(refused);
    await expect(store.create({ ...newState(), run_id: name })).rejects.toEqual(refused);
    await expect(resumeLoop({ run: name, store })).rejects.toEqual(refused);
  });
});
