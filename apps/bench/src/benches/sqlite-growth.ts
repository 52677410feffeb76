import { copyFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Bench, Side } from "../bench.js";
import { diskFolder } from "../disk-folder.js";
import { busToSqlite, fillHistory, manyEvents } from "../sqlite-sides.js";

export const sqliteGrowth: Bench = {
  name: "sqlite-growth",
  what: "emit lines into a history of 100,000 events (a million with LOOPS_LONG=1); theirs: into one of 10,000",
  unit: "ns/op",
  bar: 1.5,
  runMs: 60,
  async setup({ short }) {
    const folder = diskFolder();
    const [many, few, current] = ["many.db", "few.db", "current.db"].map((name) => join(folder.path, name)) as [
      string,
      string,
      string,
    ];
    const events = manyEvents(short);
    await fillHistory(many, events);
    await fillHistory(few, Math.min(10_000, events / 2));
    const ours = busToSqlite({ path: many });
    const theirs = staying(few, current);
    return {
      ours,
      theirs,
      note: `${events.toLocaleString("en")} events`,
      async teardown() {
        await ours.close();
        await theirs.close();
        folder.remove();
      },
    };
  },
};

/** Each run begins with a copy of the small history, so that it stays small. */
function staying(small: string, current: string): Side & { close(): Promise<void> } {
  let side = fresh();
  function fresh() {
    for (const end of ["", "-wal", "-shm"]) rmSync(current + end, { force: true });
    copyFileSync(small, current);
    return busToSqlite({ path: current });
  }
  return {
    run: (iterations) => side.run(iterations),
    async reset() {
      await side.close();
      side = fresh();
      // The first write opens the file.
      await side.run(1);
    },
    close: () => side.close(),
  };
}
