import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import type { RunLease } from "@loops/core";
import { ownIdentity } from "@loops/core/process";
import { describe, expect, it, vi } from "vitest";
import type { RunState } from "../../src/run-state.js";
import { type FileStoreOptions, fileStore } from "../../src/store/file-store.js";
import { contentOf, deadOwner, newEvent, newState, newStore, readJson } from "./support.js";

/** A run whose owner is this process, and a way to have that owner taken for dead. */
async function ownedRun(options: FileStoreOptions = {}) {
  const opened = newStore(options);
  const state = newState();
  const lease = await opened.store.create(state);
  await lease.commit([newEvent("loop_start")], {});
  const declare = (owner: object) =>
    writeFileSync(opened.running("fix-types.owner.1"), JSON.stringify({ ...owner, host: hostname() }));
  return { ...opened, state, lease, declareDead: () => declare(deadOwner) };
}

const intent = { set: { phase: "acting" } };

describe("owning a run", () => {
  it("B-15: a run with a living owner is refused, naming the process and the host", async () => {
    const { store, state, lease } = await ownedRun();
    expect(await store.isOwned(state.run_id)).toBe(true);
    await expect(store.acquire(state.run_id)).rejects.toMatchObject({
      code: "LOOPS_RUN_OWNED",
      message: expect.stringContaining(`process ${process.pid} on ${hostname()}`),
    });
    await lease.release();
    expect(await store.isOwned(state.run_id)).toBe(false);
    expect((await store.acquire(state.run_id)).epoch).toBe(2);
  });

  it.each([1, 2])("B-15: one that comes, and commits, while another looks (%i.) keeps the run", async (look) => {
    const { dir, store, state, lease } = await ownedRun();
    await lease.release();
    const rival = fileStore({ dir });
    let won: RunLease<RunState> | undefined;
    let looks = 0;
    const fs = {
      readdirSync(path: string) {
        const names = readdirSync(path);
        looks += 1;
        if (looks === look) {
          won = rival.acquire(state.run_id) as RunLease<RunState>;
          won.commit([newEvent("loop_resume")], {});
        }
        return names;
      },
    } as unknown as FileStoreOptions["fs"];
    const { store: slower } = newStore({ dir, fs });
    await expect(slower.acquire(state.run_id)).rejects.toMatchObject({ code: "LOOPS_RUN_OWNED" });
    expect(won).toMatchObject({ epoch: 2, seq: 2 });
    await won?.commit([newEvent("state_enter")], intent);
    await won?.release();
    expect(await store.isOwned(state.run_id)).toBe(false);
  });

  it("B-16: a recycled pid is no owner: start time and boot decide", async () => {
    const { store, running, state } = await ownedRun();
    for (const lie of [{ start_time: "0" }, { boot_id: "another boot" }]) {
      writeFileSync(running("fix-types.owner.1"), JSON.stringify({ ...ownIdentity(), ...lie }));
      expect(await store.isOwned(state.run_id)).toBe(false);
    }
  });

  it("an owner on another host may live: the run is refused, and the message says how to override", async () => {
    const { store, running, state } = await ownedRun();
    const path = running("fix-types.owner.1");
    writeFileSync(path, JSON.stringify({ ...deadOwner, host: "elsewhere" }));
    expect(await store.isOwned(state.run_id)).toBe(true);
    await expect(store.acquire(state.run_id)).rejects.toThrow(`remove ${path}`);
  });

  it("an owner file that was never written to the end is no owner", async () => {
    const { store, running, state } = await ownedRun();
    writeFileSync(running("fix-types.owner.1"), "");
    expect((await store.acquire(state.run_id)).epoch).toBe(2);
  });

  it("a living run keeps its files: a further run of the loop gets a place of its own", async () => {
    const { store, running, archived, state, lease } = await ownedRun();
    const next = newState();
    const beside = await store.create(next);
    await beside.commit([newEvent("loop_start")], {});
    expect(existsSync(archived("."))).toBe(false);
    expect(existsSync(running(`fix-types-${next.run_id}.events.jsonl`))).toBe(true);
    await lease.commit([newEvent("state_enter")], intent);
    expect((await store.list()).runs.map((run) => run.run_id).sort()).toEqual([state.run_id, next.run_id].sort());
  });

  it("B-10: a run id is used once, live or archived", async () => {
    const { store, state, lease } = await ownedRun();
    await expect(store.create(newState({ run_id: state.run_id }))).rejects.toMatchObject({ code: "LOOPS_RUN_EXISTS" });
    await lease.release();
    await expect(store.create(newState({ run_id: state.run_id }))).rejects.toMatchObject({ code: "LOOPS_RUN_EXISTS" });
    await store.create(newState());
    await expect(store.create(newState({ run_id: state.run_id }))).rejects.toMatchObject({ code: "LOOPS_RUN_EXISTS" });
  });

  it("B-15: an owner that was taken for dead and lives starts no further action", async () => {
    const { store, running, state, lease, declareDead } = await ownedRun();
    declareDead();
    const heir = await store.acquire(state.run_id);
    expect(heir.epoch).toBe(2);
    const journal = readFileSync(running("fix-types.events.jsonl"), "utf8");
    expect(() => lease.commit([newEvent("action_start")], intent)).toThrow(
      expect.objectContaining({ code: "LOOPS_LEASE_LOST" }),
    );
    expect(() => lease.commit([newEvent("state_enter")], {})).toThrow(
      expect.objectContaining({ code: "LOOPS_LEASE_LOST" }),
    );
    await lease.release();
    expect(readFileSync(running("fix-types.events.jsonl"), "utf8")).toBe(journal);
    await heir.commit([newEvent("loop_resume")], intent);
    expect(await store.isOwned(state.run_id)).toBe(true);
  });

  it("B-15: nor does it commit anything else: results, lines of output, the end", async () => {
    for (const delta of [{ set: { phase: "acted" } }, {}, { set: { status: "completed" } }]) {
      const { store, running, state, lease, declareDead } = await ownedRun();
      declareDead();
      await store.acquire(state.run_id);
      const journal = readFileSync(running("fix-types.events.jsonl"), "utf8");
      expect(() => lease.commit([newEvent("x")], delta)).toThrow(expect.objectContaining({ code: "LOOPS_LEASE_LOST" }));
      expect(readFileSync(running("fix-types.events.jsonl"), "utf8")).toBe(journal);
    }
  });

  it.each(["EMFILE", "EACCES", "EIO"])(
    "B-15: an owner file that cannot be read (%s) is no dead owner",
    async (code) => {
      let unreadable = false;
      const fs = {
        readFileSync: ((path: string, ...more: []) => {
          if (unreadable && path.includes(".owner.")) throw Object.assign(new Error(code), { code });
          return readFileSync(path, ...more);
        }) as typeof readFileSync,
      };
      const { store, running, dir, state, lease } = await ownedRun({ fs });
      unreadable = true;
      const before = contentOf(dir);
      const refused = { code: "LOOPS_STORE_READ", message: expect.stringContaining(running("fix-types.owner.1")) };
      await expect(store.acquire(state.run_id)).rejects.toMatchObject({ ...refused, cause: { code } });
      await expect(store.create(newState())).rejects.toMatchObject(refused);
      expect(() => store.isOwned(state.run_id)).toThrow(expect.objectContaining(refused));
      expect(contentOf(dir)).toEqual(before);
      await lease.commit([newEvent("state_enter")], intent);
    },
  );

  it("B-15: an owner that loses the run while it commits an intent is told before it can act", async () => {
    let lose = () => {};
    const fs = {
      writeSync: ((fd: number, bytes: Uint8Array, offset: number, length: number) => {
        lose();
        return nodeWrite(fd, bytes, offset, length);
      }) as typeof nodeWrite,
    };
    const { writeSync: nodeWrite } = await import("node:fs");
    const { store, running } = newStore({ fs });
    const lease = await store.create(newState());
    await lease.commit([newEvent("loop_start")], {});
    lose = () => renameSync(running("fix-types.owner.1"), running("fix-types.owner.2"));
    expect(() => lease.commit([newEvent("action_start")], intent)).toThrow(
      expect.objectContaining({ code: "LOOPS_LEASE_LOST" }),
    );
  });

  it("B-15: what a former owner still writes is ignored behind the first commit of the new one", async () => {
    // As if it looked for its owner file each time just before that was removed.
    const { store, dir, state, lease, declareDead } = await ownedRun({
      fs: { existsSync: (path) => String(path).includes(".owner.") || existsSync(path) },
    });
    declareDead();
    const heir = await store.acquire(state.run_id);
    const resumed = newEvent("loop_resume");
    const late = newEvent("action_complete");
    await lease.commit([newEvent("evaluate")], { set: { iteration: 66 } }); // Unseen by the heir: undone.
    await heir.commit([resumed], { set: { iteration: 2 } });
    await lease.commit([late], { set: { iteration: 99 } });
    await heir.commit([newEvent("state_enter")], { set: { iteration: 3 } });
    await heir.release();
    const { store: reader } = newStore({ dir });
    expect(await reader.find(state.run_id)).toMatchObject({ iteration: 3 });
    const events = await reader.readEvents("fix-types", state.run_id);
    expect(events.map((event) => event.event)).toEqual(["loop_start", "loop_resume", "state_enter"]);
    expect((await reader.acquire(state.run_id)).seq).toBe(3);
  });

  it("a former owner does not write its view over the new one's, nor remove its files", async () => {
    const { store, running, state, lease, declareDead } = await ownedRun();
    declareDead();
    const heir = await store.acquire(state.run_id);
    await heir.commit([newEvent("loop_resume")], { set: { status: "interrupted" } });
    expect(() => lease.commit([newEvent("x")], { set: { status: "failed" } })).toThrow("another owner");
    await lease.release();
    expect(readJson(running("fix-types.state.json"))).toMatchObject({ epoch: 2, status: "interrupted" });
    expect(readdirSync(running("."))).toContain("fix-types.owner.2");
  });

  it("old owner files and what killed owners left half-made are removed by the new owner, those of others are not", async () => {
    const { running, store, state, declareDead } = await ownedRun();
    declareDead();
    const stale = ["fix-types.owner.1.77-0a1b2c3d.tmp", "fix-types.state.json.1.tmp"];
    const others = ["fix-types.owner.1.state.json.tmp", "fix-types-2.owner.1", "fix.owner.1", "fix-types.owner.1.x"];
    for (const name of [...stale, ...others]) writeFileSync(running(name), "");
    await store.acquire(state.run_id);
    const names = readdirSync(running("."));
    expect(names).toEqual(expect.arrayContaining([...others, "fix-types.owner.2"]));
    for (const name of [...stale, "fix-types.owner.1"]) expect(names).not.toContain(name);
  });

  it("the epoch rises though every owner file is gone", async () => {
    const { store, state, lease } = await ownedRun();
    await lease.release();
    for (const epoch of [2, 3, 4]) {
      const next = await store.acquire(state.run_id);
      expect(next.epoch).toBe(epoch);
      await next.commit([newEvent("loop_resume")], {});
      await next.release();
    }
  });

  it("a released lease commits nothing more", async () => {
    const { lease } = await ownedRun();
    await lease.release();
    expect(() => lease.commit([newEvent("x")], {})).toThrow(expect.objectContaining({ code: "LOOPS_LEASE_LOST" }));
  });
});

describe("asking a run to stop", () => {
  it("B-16: reaches its owner, who was there first, and changes nothing of the state", async () => {
    const { store, running, state, lease } = await ownedRun();
    expect(await lease.stopRequested()).toBe(false);
    const before = readFileSync(running("fix-types.state.json"), "utf8");
    await store.requestStop(state.run_id);
    await vi.waitFor(async () => expect(await lease.stopRequested()).toBe(true), 5_000);
    expect(readFileSync(running("fix-types.state.json"), "utf8")).toBe(before);
    await lease.release();
    expect(existsSync(running("fix-types.stop"))).toBe(false);
  });

  it("does not meet a later owner", async () => {
    const { store, running, state, lease } = await ownedRun();
    await store.requestStop(state.run_id);
    const request = readFileSync(running("fix-types.stop"));
    await lease.release();
    writeFileSync(running("fix-types.stop"), request); // As after a kill.
    expect(await (await store.acquire(state.run_id)).stopRequested()).toBe(false);
  });

  it("asks nobody where there is no owner, and says so where there is no run", async () => {
    const { store, running, state, lease } = await ownedRun();
    await lease.release();
    await store.requestStop(state.run_id);
    expect(existsSync(running("fix-types.stop"))).toBe(false);
    expect(() => store.requestStop("01JUNKNOWN")).toThrow(expect.objectContaining({ code: "LOOPS_RUN_NOT_FOUND" }));
  });
});

describe("what has reached the sinks", () => {
  it("is known to the next owner, never ahead of what was committed and never going back", async () => {
    const { store, state, lease } = await ownedRun();
    await lease.commit([newEvent("a"), newEvent("b")], {});
    await lease.markFlushed(2);
    await lease.markFlushed(1);
    expect(lease.flushedSeq).toBe(2);
    await lease.release();
    const next = await store.acquire(state.run_id);
    expect(next.flushedSeq).toBe(2);
    expect((await next.events(next.flushedSeq)).map(({ seq }) => seq)).toEqual([3]);
    await next.markFlushed(99);
    expect(next.flushedSeq).toBe(3);
  });
});

describe("a commit", () => {
  it("needs an event, no reserved field, and what JSON can carry; a refused one changes nothing", async () => {
    const { store, lease, state } = await ownedRun();
    const refused = expect.objectContaining({ code: "LOOPS_COMMIT" });
    expect(() => lease.commit([], { set: { iteration: 9 } })).toThrow(refused);
    expect(() => lease.commit([newEvent("x", { seq: 1 })], { set: { iteration: 9 } })).toThrow(refused);
    expect(() => lease.commit([newEvent("x", { commit: {} })], { set: { iteration: 9 } })).toThrow(refused);
    expect(() => lease.commit([newEvent("x", { n: 1n })], { set: { iteration: 9 } })).toThrow(refused);
    expect(lease).toMatchObject({ seq: 1, state: { iteration: 0 } });
    await lease.commit([newEvent("y")], { set: { iteration: 1 } });
    expect(await store.readEvents("fix-types", state.run_id)).toHaveLength(2);
  });
});
