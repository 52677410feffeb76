import fs, { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { OwnerIdentity, RunLease, StateStore } from "@loops/core";
import { type StoreSubject, storeConformance } from "@loops/testing";
import { test } from "vitest";
import { type FileStoreOptions, fileStore } from "../../src/store/file-store.js";
import { memoryStore } from "../../src/store/memory-store.js";

const script = fileURLToPath(new URL("../fixtures/kit-store.mjs", import.meta.url));

storeConformance({ test, name: "memoryStore", create: () => ({ store: memoryStore() }) });

const capabilities = { shared: true, owners: true, corruptible: true, failing: true, killable: true };

storeConformance({ test, name: "fileStore", create: () => fileSubject(), capabilities });
storeConformance({
  test,
  name: "fileStore for a loss of power",
  create: () => fileSubject({ durability: "power" }),
  capabilities: { ...capabilities, killable: false },
});
storeConformance({
  test,
  name: "a store that takes its time",
  create() {
    const { reopen, ...subject } = fileSubject();
    return { ...subject, store: slow(subject.store), reopen: () => slow(reopen()) };
  },
  capabilities: { ...capabilities, killable: false },
});

/** A file store in a directory of its own. */
function fileSubject(options: FileStoreOptions = {}) {
  const directory = mkdtempSync(join(tmpdir(), "fsm-kit-"));
  const dir = join(directory, ".loops");
  const running = join(dir, ".running");
  let full = false;
  const injected = {
    writeSync: ((...parameters: Parameters<typeof fs.writeSync>) => {
      if (full) throw Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" });
      return fs.writeSync(...parameters);
    }) as typeof fs.writeSync,
  };
  const open = () => fileStore({ ...options, dir, fs: injected });
  const stemOf = (runId: string) => {
    const views = readdirSync(running).filter((name) => name.endsWith(".state.json"));
    const view = views.find((name) => readFileSync(join(running, name), "utf8").includes(`"run_id": "${runId}"`));
    if (view === undefined) throw new Error(`There is no view of ${runId}.`);
    return join(running, view.slice(0, -".state.json".length));
  };
  return {
    store: open() as StateStore,
    reopen: () => open() as StateStore,
    setOwner(runId: string, owner: OwnerIdentity) {
      const stem = stemOf(runId);
      const name = readdirSync(running).find((file) => join(running, file).startsWith(`${stem}.owner.`));
      writeFileSync(join(running, String(name)), JSON.stringify(owner));
    },
    corrupt: (runId: string) => writeFileSync(`${stemOf(runId)}.state.json`, `{"run_id": "${runId}", "loop_`),
    faults: {
      fail: () => {
        full = true;
      },
      heal: () => {
        full = false;
      },
    },
    child: { script, args: [dir] },
    cleanup: () => rmSync(directory, { recursive: true, force: true }),
  } satisfies StoreSubject;
}

/** The same store, each answer a promise that takes a moment, as one behind a network would give it. */
function slow(store: StateStore): StateStore {
  const later =
    <A extends readonly unknown[], R>(call: (...parameters: A) => R | Promise<R>) =>
    async (...parameters: A): Promise<R> => {
      await sleep(1);
      const answer = await call(...parameters);
      await sleep(1);
      return answer;
    };
  return {
    create: later(async (...parameters) => slowLease(await store.create(...parameters))),
    acquire: later(async (runId) => slowLease(await store.acquire(runId))),
    find: later((name) => store.find(name)),
    isOwned: later((runId) => store.isOwned(runId)),
    list: later(() => store.list()),
    history: later((loop) => store.history(loop)),
    readEvents: later((...parameters) => store.readEvents(...parameters)),
    requestStop: later((runId) => store.requestStop(runId)),
    archive: later((runId, options) => store.archive(runId, options)),
  };
}

function slowLease(lease: RunLease): RunLease {
  const calls = new Set<string | symbol>(["commit", "events", "stopRequested", "markFlushed", "release"]);
  return new Proxy(lease, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (!calls.has(name) || typeof value !== "function") return value;
      return async (...parameters: readonly unknown[]) => {
        await sleep(1);
        return Reflect.apply(value, target, parameters);
      };
    },
  });
}
