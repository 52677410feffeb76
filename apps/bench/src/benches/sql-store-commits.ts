import { join } from "node:path";
import type { StateStore } from "@loops/core";
import { fileStore, type RunState } from "@loops/fsm";
import { sqlStore } from "@loops/sqlite/store";
import { startPostgres } from "../../../../scripts/services/postgres.js";
import { onPath } from "../../../../scripts/services/require-program.js";
import type { Bench, Side } from "../bench.js";
import { diskFolder, fileSystemOf } from "../disk-folder.js";

const what = "commit two events and the change of a state, while 100 kB of captures are held";
const common = { unit: "op/s", bar: null, clock: "wall", runMs: 200 } as const;

export const sqlStoreCommits: Bench = {
  name: "sql-store-commits",
  what: `${what}, in SQLite; theirs: in files`,
  ...common,
  setup() {
    const folder = diskFolder();
    const store = sqlStore<RunState>({ path: join(folder.path, "runs.db") });
    return {
      ours: commitsTo(store),
      theirs: commitsTo(fileStore({ dir: join(folder.path, ".loops") })),
      note: fileSystemOf(folder),
      async teardown() {
        await store.close();
        folder.remove();
      },
    };
  },
};

const postgres = onPath("postgres", process.env["PATH"]);

export const sqlStoreCommitsPostgres: Bench = {
  name: "sql-store-commits-postgres",
  what: `${what}, in PostgreSQL on this machine; theirs: in SQLite`,
  ...common,
  lacks: () => (postgres === undefined ? "it needs postgres, which is not installed" : undefined),
  async setup() {
    const folder = diskFolder();
    const server = await startPostgres(postgres ?? "postgres");
    const [ours, theirs] = [
      sqlStore<RunState>({ url: server.url }),
      sqlStore<RunState>({ path: join(folder.path, "runs.db") }),
    ];
    return {
      ours: commitsTo(ours),
      theirs: commitsTo(theirs),
      note: "synchronous_commit = off: neither side waits for the disk",
      async teardown() {
        await ours.close();
        await theirs.close();
        await server.stop();
        folder.remove();
      },
    };
  },
};

/** Each round is a run of its own, which another one of its loop archives. */
function commitsTo(store: StateStore<RunState>): Side {
  let runs = 0;
  let runId = "";
  let committed = 0;
  return {
    async run(commits) {
      runs += 1;
      runId = `RUN${runs}`;
      const lease = await store.create({ ...held, run_id: runId });
      for (let n = 0; n < commits; n++) {
        const event = (name: string) => ({
          event: name,
          ts: held.started_at,
          id: `${runs}-${n}-${name}`,
          run_id: runId,
        });
        const set = { phase: n % 2 === 0 ? "acting" : "acted", iteration: n, accumulated_ms: n };
        const written = lease.commit([event("state_enter"), event("action_start")], { set });
        if (written !== undefined) await written;
      }
      committed = lease.seq / 2;
      await lease.release();
      return committed;
    },
    async reset() {
      const run = await store.find(runId);
      if (run?.iteration !== committed - 1) throw new Error(`${runId} has ${run?.iteration} of ${committed} commits`);
    },
  };
}

const random = (length: number) => {
  let text = "";
  while (text.length < length) text += Math.random().toString(36).slice(2);
  return text.slice(0, length);
};

/** What does not matter to a store is left out. */
const held = {
  loop_name: "committing",
  status: "running",
  started_at: "2026-01-15T10:30:00.123Z",
  parent_run_id: null,
  current_state: "work",
  iteration: 0,
  captured: Object.fromEntries(
    Array.from({ length: 20 }, (_, n) => [
      `key${n}`,
      { output: random(5000), stderr: "", exit_code: 0, duration_ms: 1 },
    ]),
  ),
} as unknown as RunState;
