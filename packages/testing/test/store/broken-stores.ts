import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LoopEvent, StoredRun } from "@loops/core";
import { ownIdentity } from "@loops/core/process";
import type { StoreCapabilities, StoreSubject } from "../../src/index.js";
import { type ModelRun, modelStore, type Table } from "./model-store.js";
import { capabilities, modelSubject, withLease, withStore } from "./model-subject.js";

/** A store with one deliberate defect, which exactly one check has to reject. */
export interface BrokenStore {
  /** Id of that check. */
  readonly breaks: string;
  /** What is wrong, in words. */
  readonly defect: string;
  readonly capabilities?: StoreCapabilities;
  create(): StoreSubject;
}

/** Changes a run behind the back of its owner. */
function change(table: Table, runId: string, by: (run: ModelRun) => void): void {
  const runs = table.read();
  const run = runs[runId];
  if (run !== undefined) by(run);
  table.write(runs);
}

function fileTable(path: string): Table {
  return {
    read: () => JSON.parse(readFileSync(path, "utf8")),
    write(runs) {
      writeFileSync(`${path}.kit`, JSON.stringify(runs));
      renameSync(`${path}.kit`, path);
    },
  };
}

/** A store on a file, to which a child commits that may have a defect. */
export function killableSubject(defect = ""): StoreSubject {
  const directory = mkdtempSync(join(tmpdir(), "kit-store-"));
  const path = join(directory, "runs.json");
  writeFileSync(path, "{}");
  const script = new URL("./child-store.mjs", import.meta.url);
  return {
    store: modelStore(fileTable(path)),
    child: { script, args: [path, defect] },
    cleanup: () => rmSync(directory, { recursive: true, force: true }),
  };
}

export const brokenStores: readonly BrokenStore[] = [
  {
    breaks: "declaration",
    defect: "a new store has a run of another in it",
    capabilities: {},
    create: withStore((store) => {
      const other = { run_id: "X", loop_name: "other", status: "failed", started_at: "" };
      let ghosts = [other];
      return {
        create(state, options) {
          ghosts = [];
          return store.create(state, options);
        },
        list: async () => ({ runs: [...(await store.list()).runs, ...ghosts], corrupt: (await store.list()).corrupt }),
      };
    }),
  },
  {
    breaks: "state-round-trip",
    defect: "a field that it does not know is lost when the state is read again",
    create: withStore((store) => ({
      find: async (name) => {
        const found = await store.find(name);
        if (found === null) return null;
        const { kept: _, ...state } = found;
        return state as StoredRun;
      },
    })),
  },
  {
    breaks: "events",
    defect: "the events of one commit come back in another order",
    create: withStore((store) => ({
      async readEvents(...parameters) {
        const events = [...(await store.readEvents(...parameters))];
        const at = events.findIndex((event) => event.event === "route");
        return at === -1
          ? events
          : [...events.slice(0, at - 1), ...events.slice(at - 1, at + 1).reverse(), ...events.slice(at + 1)];
      },
    })),
  },
  {
    breaks: "events",
    defect: "an event comes back with its place in the run",
    create: withStore((store) => ({
      readEvents: async (...parameters) =>
        (await store.readEvents(...parameters)).map((event, n) => (event.event === "route" ? { ...event, n } : event)),
    })),
  },
  {
    breaks: "refused-commit",
    defect: "a commit without an event changes the state",
    create: withLease((lease, table) => ({
      commit(events, delta) {
        if (events.length === 0) change(table, lease.runId, (run) => Object.assign(run.state, delta.set));
        return lease.commit(events, delta);
      },
    })),
  },
  {
    breaks: "odd-commit",
    defect: "what JSON can carry of a refused commit is written",
    create: withLease((lease, table) => ({
      async commit(events, delta) {
        try {
          await lease.commit(events, delta);
        } catch (error) {
          if (events[1]?.event === "odd") change(table, lease.runId, (run) => run.events.push(events[0] as LoopEvent));
          throw error;
        }
      },
    })),
  },
  {
    breaks: "seq",
    defect: "seq has a hole behind a commit of several events",
    create: withLease((lease) => ({
      events: async (after) =>
        (await lease.events(after)).map(({ seq, event }) => ({ seq: after === 0 && seq > 4 ? seq + 1 : seq, event })),
    })),
  },
  {
    breaks: "events-after",
    defect: "events(after) begins with that very event",
    create: withLease((lease) => ({ events: (after) => lease.events(Math.max(0, after - 1)) })),
  },
  {
    breaks: "read-on",
    defect: "a follower is given everything again",
    create: withStore((store) => ({ readEvents: (loop, runId) => store.readEvents(loop, runId) })),
  },
  {
    breaks: "large-text",
    defect: "a text is cut off at 64 KiB",
    create: withLease((lease) => ({
      commit: (events, { set, captured }) =>
        lease.commit(events, {
          ...(set && { set }),
          ...(captured && {
            captured: JSON.parse(JSON.stringify(captured), (key, value) =>
              typeof value === "string" && key === "output" && value.length > 200_000 ? value.slice(0, 65_536) : value,
            ),
          }),
        }),
    })),
  },
  {
    breaks: "one-owner",
    defect: "who made a run keeps nobody off",
    capabilities: { shared: true },
    create: withStore((store, table) => ({
      acquire(runId) {
        change(table, runId, (run) => {
          if (run.epoch === 1 && run.events.length === 1) run.owner = null;
        });
        return store.acquire(runId);
      },
    })),
  },
  {
    breaks: "one-winner",
    defect: "it looks whether a run is free, and takes it a moment later",
    create: withStore((store, table) => ({
      async acquire(runId) {
        const run = table.read()[runId];
        const free = run !== undefined && run.owner === null && !run.archived && !run.corrupt;
        // All who ask in the same turn have looked by then.
        await Promise.resolve();
        if (free) {
          change(table, runId, (taken) => {
            taken.owner = null;
          });
        }
        return store.acquire(runId);
      },
    })),
  },
  {
    breaks: "epoch",
    defect: "an owner that committed nothing leaves its epoch to the next",
    create: () => {
      const known = new Map<string, number>();
      return withLease((lease) => {
        const events = lease.seq;
        const epoch = known.get(`${lease.runId} ${events}`) ?? lease.epoch;
        known.set(`${lease.runId} ${events}`, epoch);
        return { epoch };
      })();
    },
  },
  {
    breaks: "release",
    defect: "who has given a run up can still commit while nobody has it",
    create: withLease((lease, table) => ({
      async commit(events, delta) {
        const run = table.read()[lease.runId];
        if (run?.owner !== null || events[0]?.event !== "late") return lease.commit(events, delta);
        change(table, lease.runId, (changed) => Object.assign(changed.state, delta.set));
      },
    })),
  },
  {
    breaks: "dead-owner",
    defect: "isOwned says that there is an owner while one is on record",
    create: withStore((store, table) => ({
      isOwned(runId) {
        const owner = table.read()[runId]?.owner ?? null;
        if (owner?.host === "elsewhere.invalid") return store.isOwned(runId);
        return (
          owner !== null &&
          !(owner.pid === process.pid && owner.start_time !== ownIdentity().start_time) &&
          owner.boot_id !== "another-boot"
        );
      },
    })),
  },
  {
    breaks: "pid-reuse",
    defect: "an owner lives as long as there is a process with its pid",
    create: withStore((store, table) => ({
      isOwned: (runId) => store.isOwned(runId) || table.read()[runId]?.owner?.pid === process.pid,
    })),
  },
  {
    breaks: "living-owner",
    defect: "a process on another machine is taken for dead",
    create: withStore((store, table) => ({
      acquire(runId) {
        change(table, runId, (run) => {
          if (run.owner?.host === "elsewhere.invalid") run.owner = null;
        });
        return store.acquire(runId);
      },
    })),
  },
  {
    breaks: "expired-lease",
    defect: "the lease of an owner on another machine never ends",
    create: withStore((store, table) => ({
      acquire(runId) {
        if (table.read()[runId]?.owner?.host !== "elsewhere.invalid") return store.acquire(runId);
        throw Object.assign(new Error("no"), { code: "LOOPS_RUN_OWNED" });
      },
    })),
  },
  {
    breaks: "stale-writer",
    defect: "what an owner that was overtaken commits is accepted",
    create: withLease((lease, table) => ({
      commit(events, delta) {
        if (events[0]?.event !== "stale") return lease.commit(events, delta);
        change(table, lease.runId, (run) => {
          run.state = { ...run.state, ...delta.set };
          run.events.push(...events);
        });
      },
    })),
  },
  {
    breaks: "stale-writer",
    defect: "an owner that was overtaken is told, but what it committed counts",
    create: withLease((lease, table) => ({
      async commit(events, delta) {
        if (events[0]?.event === "stale") change(table, lease.runId, (run) => run.events.push(...events));
        return lease.commit(events, delta);
      },
    })),
  },
  {
    breaks: "stale-release",
    defect: "an owner that was overtaken gives up the run of the new one",
    create: withLease((lease, table) => {
      let released = false;
      return {
        async release() {
          if (!released && lease.seq > 0) {
            change(table, lease.runId, (run) => {
              run.owner = null;
            });
          }
          released = true;
          await lease.release();
        },
      };
    }),
  },
  {
    breaks: "stop-request",
    defect: "a request to stop is written into the state",
    create: withStore((store, table) => ({
      async requestStop(runId) {
        await store.requestStop(runId);
        change(table, runId, (run) => {
          run.state = { ...run.state, status: "interrupted" };
        });
      },
    })),
  },
  {
    breaks: "stop-other-owner",
    defect: "a request to stop waits for whoever comes next",
    create: () => {
      const asked = new Set<string>();
      const subject = withLease((sound) => ({ stopRequested: () => asked.has(sound.runId) }))();
      const { store } = subject;
      const requestStop = async (runId: string) => {
        await store.requestStop(runId);
        asked.add(runId);
      };
      return { ...subject, store: { ...store, requestStop } };
    },
  },
  {
    breaks: "flush-mark",
    defect: "the mark goes ahead of what was committed",
    create: withLease((lease) => {
      let ahead = 0;
      return {
        markFlushed(seq) {
          if (seq === 99) ahead = 1;
          return lease.markFlushed(seq);
        },
        get flushedSeq() {
          return lease.flushedSeq + ahead;
        },
      };
    }),
  },
  {
    breaks: "unborn-run",
    defect: "a run that was given up before its first commit stays in the list",
    create: () => {
      const unborn: string[] = [];
      const subject = withLease((lease) => ({
        async release() {
          if (lease.seq === 0) unborn.push(lease.runId);
          await lease.release();
        },
      }))();
      const { store } = subject;
      const list = async () => {
        const { runs, corrupt } = await store.list();
        const ghosts = unborn.map((run_id) => ({ run_id, loop_name: "x", status: "running", started_at: "" }));
        return { runs: [...runs, ...ghosts], corrupt };
      };
      return { ...subject, store: { ...store, list } };
    },
  },
  {
    breaks: "find",
    defect: "a name is compared by its beginning",
    create: withStore((store) => ({
      async find(name) {
        const found = await store.find(name);
        if (found !== null || name.includes("KIT")) return found;
        const { runs } = await store.list();
        return runs.find((run) => run.loop_name.startsWith(name) && !run.parent_run_id) ?? null;
      },
    })),
  },
  {
    breaks: "find-child",
    defect: "a name finds the run of a child",
    create: withStore((store) => ({
      async find(name) {
        const { runs } = await store.list();
        return runs.find((run) => run.loop_name === name && run.parent_run_id) ?? store.find(name);
      },
    })),
  },
  {
    breaks: "list",
    defect: "the list leaves out what was interrupted",
    create: withStore((store) => ({
      list: async () => {
        const { runs, corrupt } = await store.list();
        return { runs: runs.filter((run) => run.status !== "interrupted" || run.loop_name === "fix-types"), corrupt };
      },
    })),
  },
  {
    breaks: "history",
    defect: "the history is in the order of archiving",
    create: withStore((store, table) => ({
      async history(loop) {
        const { runs, corrupt } = await store.history(loop);
        const order = Object.keys(table.read());
        return { runs: [...runs].sort((a, b) => order.indexOf(a.run_id) - order.indexOf(b.run_id)), corrupt };
      },
    })),
  },
  {
    breaks: "history",
    defect: "the history of a loop has those whose names end like it",
    create: withStore((store) => ({
      history: async (loop) => {
        const own = await store.history(loop);
        const other = loop === "types" ? await store.history("fix-types") : { runs: [] };
        return { ...own, runs: [...own.runs, ...other.runs] };
      },
    })),
  },
  {
    breaks: "run-exists",
    defect: "the id of an archived run is given away again",
    create: withStore((store, table) => ({
      create(state, options) {
        const runs = table.read();
        if (runs[state.run_id]?.archived === true) {
          delete runs[state.run_id];
          table.write(runs);
        }
        return store.create(state, options);
      },
    })),
  },
  {
    breaks: "not-found",
    defect: "a request to stop a run that is not there is swallowed",
    create: withStore((store) => ({
      async requestStop(runId) {
        try {
          await store.requestStop(runId);
        } catch {
          // This is the defect.
        }
      },
    })),
  },
  {
    breaks: "previous-run",
    defect: "a new run archives the previous one though it is told not to",
    create: withStore((store) => ({
      create: (state, options) =>
        store.create(state, { ...options, ...(Number(state.run_id.slice(-2)) === 4 && { clearPrevious: true }) }),
    })),
  },
  {
    breaks: "archive",
    defect: "a run that is archived already is not found when it is to be archived again",
    create: withStore((store, table) => ({
      archive(runId, options) {
        if (table.read()[runId]?.archived === true)
          throw Object.assign(new Error("no"), { code: "LOOPS_RUN_NOT_FOUND" });
        return store.archive(runId, options);
      },
    })),
  },
  {
    breaks: "archive-resumable",
    defect: "a run that was interrupted is archived",
    create: withStore((store, table) => ({
      archive(runId, options) {
        change(table, runId, (run) => {
          if (run.owner === null && run.state.status === "interrupted") run.archived = true;
        });
        return store.archive(runId, options);
      },
    })),
  },
  {
    breaks: "archive-resumable",
    defect: "a run that could be gone on with is not archived, though that was said",
    create: withStore((store) => ({ archive: (runId) => store.archive(runId) })),
  },
  {
    breaks: "archive-children",
    defect: "the children of children stay behind",
    create: withStore((store, table) => ({
      async archive(runId, options) {
        const before = table.read();
        await store.archive(runId, options);
        for (const [id, run] of Object.entries(before)) {
          const { parent_run_id } = run.state;
          const grandparent = parent_run_id ? before[parent_run_id]?.state.parent_run_id : null;
          if (!run.archived && grandparent === runId) {
            change(table, id, (changed) => {
              changed.archived = false;
            });
          }
        }
      },
    })),
  },
  {
    breaks: "corrupt",
    defect: "one run that cannot be read breaks the whole list",
    create: withStore((store) => ({
      async list() {
        const list = await store.list();
        for (const { error } of list.corrupt) throw error;
        return list;
      },
    })),
  },
  {
    breaks: "corrupt",
    defect: "a run that cannot be read is passed over in silence",
    create: withStore((store) => ({ list: async () => ({ ...(await store.list()), corrupt: [] }) })),
  },
  {
    breaks: "failed-write",
    defect: "the lease shows the state of a commit that was not written",
    create: withLease((lease) => {
      let shown: object = {};
      return {
        async commit(events, delta) {
          if (events[0]?.event === "lost") shown = delta.set ?? {};
          await lease.commit(events, delta);
        },
        get state() {
          return { ...lease.state, ...shown };
        },
      };
    }),
  },
  {
    breaks: "shared",
    defect: "another store reads what was there when it was opened",
    create: () => {
      const subject = modelSubject();
      const reopen = () => {
        const old = subject.table.read();
        const sound = modelStore(subject.table);
        return { ...sound, find: (name: string) => (old[name] === undefined ? sound.find(name) : old[name].state) };
      };
      return { ...subject, reopen };
    },
  },
  {
    breaks: "kill",
    defect: "a commit returns before it is written",
    capabilities: { killable: true },
    create: () => killableSubject("lazy"),
  },
  {
    breaks: "kill",
    defect: "the state is written before the events",
    capabilities: { killable: true },
    create: () => killableSubject("torn"),
  },
  {
    breaks: "interleavings",
    defect: "now and then the capture of one commit gets lost",
    create: withLease((lease) => ({
      commit(events, { set, captured }) {
        // Only of the size that the random check commits.
        const output = (captured?.["one"] as { output?: string } | undefined)?.output;
        const loses = output?.length === 20_000 && lease.seq % 3 === 0;
        return lease.commit(events, { ...(set && { set }), ...(captured && !loses && { captured }) });
      },
    })),
  },
];

export const soundCapabilities = capabilities;
