import type { RunLease, StateStore } from "@loops/core";
import type { StoreCapabilities, StoreSubject } from "../../src/index.js";
import { type ModelRun, type ModelRuns, memoryTable, modelStore, type Table } from "./model-store.js";

export const capabilities = {
  shared: true,
  owners: true,
  leases: true,
  corruptible: true,
  failing: true,
} satisfies StoreCapabilities;

export interface ModelSubject extends StoreSubject {
  readonly table: Table;
}

/** The sound store, and what lies below it. */
export function modelSubject(open: (table: Table) => StateStore = modelStore): ModelSubject {
  const table = memoryTable();
  const change = (runId: string, by: (run: ModelRun, runs: ModelRuns) => void) => {
    const runs = table.read();
    const run = runs[runId];
    if (run === undefined) throw new Error(`There is no run ${runId}.`);
    by(run, runs);
    table.write(runs);
  };
  return {
    table,
    store: open(table),
    reopen: () => open(table),
    setOwner: (runId, owner) =>
      change(runId, (run) => {
        run.owner = owner;
      }),
    expire: (runId) =>
      change(runId, (run) => {
        run.expired = true;
      }),
    corrupt: (runId) =>
      change(runId, (run) => {
        run.corrupt = true;
      }),
    faults: {
      fail: () => {
        table.full = true;
      },
      heal: () => {
        table.full = false;
      },
    },
  };
}

/** The sound store with some of its methods replaced. */
export function withStore(replace: (sound: StateStore, table: Table) => Partial<StateStore>): () => ModelSubject {
  return () =>
    modelSubject((table) => {
      const sound = modelStore(table);
      return { ...sound, ...replace(sound, table) };
    });
}

/** The sound store, with some members of its leases replaced. */
export function withLease(replace: (sound: RunLease, table: Table) => Partial<RunLease>): () => ModelSubject {
  return withStore((store, table) => {
    const tap = (sound: RunLease): RunLease => {
      const replaced = replace(sound, table);
      return new Proxy(sound, {
        get: (target, name) => Reflect.get(Object.hasOwn(replaced, name) ? replaced : target, name),
      });
    };
    return {
      create: async (state, options) => tap(await store.create(state, options)),
      acquire: async (runId) => tap(await store.acquire(runId)),
    };
  });
}
