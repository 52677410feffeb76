import fs, { existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { StoreFs } from "../../src/store/store-context.js";
import { newEvent, newState, newStore, readLines, scratch } from "./support.js";

const writeError = (path: string) =>
  expect.objectContaining({ code: "LOOPS_STORE_WRITE", message: expect.stringContaining(path) });
const systemError = (code: string): Error => Object.assign(new Error(code), { code });
const intent = { set: { phase: "acting" } };

/** Faults that are switched on and off while a store is in use. */
function faults() {
  const active: Partial<StoreFs> = {};
  const fault = <N extends keyof StoreFs>(name: N): StoreFs[N] =>
    ((...parameters: unknown[]) => Reflect.apply(active[name] ?? fs[name], fs, parameters)) as unknown as StoreFs[N];
  const names = ["writeSync", "openSync", "renameSync", "ftruncateSync", "fdatasyncSync", "mkdirSync"] as const;
  const injected: Partial<StoreFs> = Object.fromEntries(names.map((name) => [name, fault(name)]));
  return { active, fs: injected };
}

/** A `writeSync` that gets a few bytes out, then finds the disk full. */
function fullAfter(bytes: number): StoreFs["writeSync"] {
  let left = bytes;
  return ((fd: number, data: Uint8Array, offset: number, length: number) => {
    if (left === 0) throw systemError("ENOSPC");
    const count = fs.writeSync(fd, data, offset, Math.min(length, left));
    left -= count;
    return count;
  }) as StoreFs["writeSync"];
}

async function runWithFaults() {
  const { active, fs: injected } = faults();
  const opened = newStore({ fs: injected });
  const state = newState();
  const lease = await opened.store.create(state);
  await lease.commit([newEvent("loop_start")], {});
  return { ...opened, active, state, lease, journal: opened.running("fix-types.events.jsonl") };
}

describe("a store that cannot write", () => {
  it("takes a part of a commit back and says why; the state is that of the commit before", async () => {
    const { lease, active, journal, state, store } = await runWithFaults();
    const size = statSync(journal).size;
    active.writeSync = fullAfter(20);
    expect(() => lease.commit([newEvent("a")], { set: { iteration: 9 } })).toThrow(writeError(journal));
    expect(() => lease.commit([newEvent("a")], { set: { iteration: 9 } })).toThrow(
      expect.objectContaining({
        cause: expect.objectContaining({ cause: expect.objectContaining({ code: "ENOSPC" }) }),
      }),
    );
    expect(statSync(journal).size).toBe(size);
    expect(lease).toMatchObject({ seq: 1, state: { iteration: 0 } });
    delete active.writeSync;
    await lease.commit([newEvent("b")], { set: { iteration: 1 } });
    expect((await store.readEvents("fix-types", state.run_id)).map((event) => event.event)).toEqual([
      "loop_start",
      "b",
    ]);
  });

  it("commits nothing more behind a part that could not be taken back; the next owner cuts it off", async () => {
    const { lease, active, journal, state, store, warnings } = await runWithFaults();
    active.writeSync = fullAfter(20);
    active.ftruncateSync = () => {
      throw systemError("EIO");
    };
    expect(() => lease.commit([newEvent("a")], { set: { iteration: 9 } })).toThrow(writeError(journal));
    delete active.writeSync;
    delete active.ftruncateSync;
    expect(() => lease.commit([newEvent("b")], {})).toThrow(writeError(journal));
    await lease.release();
    const next = await store.acquire(state.run_id);
    expect(next).toMatchObject({ seq: 1, state: { iteration: 0 } });
    expect(warnings).toContainEqual(expect.objectContaining({ type: "journal_repaired", lines: 1, bytes: 20 }));
    await next.commit([newEvent("c")], {});
    expect(readLines(journal)).toHaveLength(2);
  });

  it("does not cut what another writer has appended behind its own part", async () => {
    const { lease, active, journal } = await runWithFaults();
    const full = fullAfter(20);
    active.writeSync = ((...parameters: Parameters<typeof full>) => {
      try {
        return full(...parameters);
      } catch (error) {
        writeFileSync(journal, "\nanother writer's line\n", { flag: "a" });
        throw error;
      }
    }) as typeof full;
    expect(() => lease.commit([newEvent("a")], {})).toThrow(writeError(journal));
    expect(readFileSync(journal, "utf8")).toContain("another writer's line");
    delete active.writeSync;
    expect(() => lease.commit([newEvent("b")], {})).toThrow(writeError(journal));
  });

  it("a large text that cannot be stored fails its commit, and nothing refers to it", async () => {
    const { lease, active, state, store, running } = await runWithFaults();
    const captured = { big: { output: "x".repeat(10_000), stderr: "", exit_code: 0, duration_ms: 1 } };
    active.renameSync = () => {
      throw systemError("ENOSPC");
    };
    expect(() => lease.commit([newEvent("a")], { captured })).toThrow(writeError(running("fix-types.blobs")));
    delete active.renameSync;
    await lease.commit([newEvent("b")], { captured });
    await lease.release();
    expect((await store.acquire(state.run_id)).state.captured).toEqual(captured);
  });

  it("a view that cannot be written is reported and stops nothing: the journal has everything", async () => {
    const { lease, active, state, store, warnings, running } = await runWithFaults();
    active.renameSync = () => {
      throw systemError("EIO");
    };
    await lease.commit([newEvent("a")], { set: { status: "interrupted", iteration: 4 } });
    expect(warnings).toMatchObject([{ type: "view_not_written", path: running("fix-types.state.json") }]);
    await lease.release();
    expect(await store.isOwned(state.run_id)).toBe(false);
    delete active.renameSync;
    expect((await store.acquire(state.run_id)).state).toMatchObject({ status: "interrupted", iteration: 4 });
  });

  it("a removed directory stops the run before it acts again", async () => {
    const { lease, dir, journal } = await runWithFaults();
    rmSync(dir, { recursive: true });
    expect(() => lease.commit([newEvent("action_start")], intent)).toThrow(writeError(journal));
    expect(() => lease.commit([newEvent("loop_complete")], { set: { status: "failed" } })).toThrow(writeError(journal));
    await lease.release();
    expect(existsSync(dir)).toBe(false);
  });

  it("a removed directory is noticed at the end of the run at the latest", async () => {
    const { lease, dir, journal } = await runWithFaults();
    rmSync(dir, { recursive: true });
    const set = { status: "completed", phase: "ended" };
    expect(() => lease.commit([newEvent("loop_complete")], { set })).toThrow(writeError(journal));
  });

  it("a directory that was moved away stops the run; moved back, it goes on", async () => {
    const { lease, dir, journal, state, store } = await runWithFaults();
    renameSync(dir, `${dir}-moved`);
    expect(() => lease.commit([newEvent("action_start")], intent)).toThrow(writeError(journal));
    await lease.release();
    renameSync(`${dir}-moved`, dir);
    rmSync(join(dir, ".running", "fix-types.owner.1")); // The owner, this process, lives on.
    expect((await store.acquire(state.run_id)).seq).toBe(1);
  });

  it("a directory that cannot be made, or a read-only one, is told at the start, and nothing is left owned", async () => {
    const dir = scratch();
    writeFileSync(dir, "a file where the directory should be");
    await expect(newStore({ dir }).store.create(newState())).rejects.toEqual(writeError(dir));

    const { active, fs: injected } = faults();
    const { store, running } = newStore({ fs: injected });
    const state = newState();
    active.openSync = ((path: string, ...parameters: [string, number]) => {
      if (path.endsWith(".events.jsonl")) throw systemError("EROFS");
      return fs.openSync(path, ...parameters);
    }) as StoreFs["openSync"];
    await expect(store.create(state)).rejects.toEqual(writeError(running("fix-types.events.jsonl")));
    delete active.openSync;
    expect(fs.readdirSync(running("."))).toEqual([]);
    await (await store.create(state)).commit([newEvent("loop_start")], {});
  });

  it.skipIf(process.getuid?.() === 0)("a read-only journal is told when the run is acquired", async () => {
    const { lease, journal, state, store } = await runWithFaults();
    await lease.release();
    fs.chmodSync(journal, 0o400);
    await expect(store.acquire(state.run_id)).rejects.toEqual(writeError(journal));
    expect(await store.isOwned(state.run_id)).toBe(false);
  });

  it("an archive that cannot be made keeps the previous run where it is", async () => {
    const { lease, active, state, store, archived } = await runWithFaults();
    await lease.release();
    active.mkdirSync = ((path: string, options: fs.MakeDirectoryOptions) => {
      if (path.startsWith(archived("."))) throw systemError("ENOSPC");
      return fs.mkdirSync(path, options);
    }) as StoreFs["mkdirSync"];
    await expect(store.create(newState())).rejects.toEqual(writeError(archived("fix-types")));
    delete active.mkdirSync;
    expect((await store.list()).runs.map((run) => run.run_id)).toEqual([state.run_id]);
    expect((await store.acquire(state.run_id)).seq).toBe(1);
  });
});

describe("a store that survives a loss of power", () => {
  it("B-2: waits for the disk at each commit, and commits nothing more once the disk has failed", async () => {
    const { active, fs: injected } = faults();
    const { store, running } = newStore({ durability: "power", fs: injected });
    let synced = 0;
    active.fdatasyncSync = (fd) => {
      synced += 1;
      fs.fdatasyncSync(fd);
    };
    const lease = await store.create(newState());
    await lease.commit([newEvent("loop_start")], {});
    await lease.commit([newEvent("state_enter")], {});
    expect(synced).toBe(2);
    active.fdatasyncSync = () => {
      throw systemError("EIO");
    };
    const journal = running("fix-types.events.jsonl");
    expect(() => lease.commit([newEvent("a")], {})).toThrow(writeError(journal));
    delete active.fdatasyncSync;
    expect(() => lease.commit([newEvent("b")], {})).toThrow(writeError(journal));
  });
});
