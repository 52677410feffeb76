import { join } from "node:path";
import type { Bench } from "../bench.js";
import { diskFolder, fileSystemOf } from "../disk-folder.js";
import { busToSqlite, handToSqlite } from "../sqlite-sides.js";

export const sqliteInsert: Bench = {
  name: "sqlite-insert",
  what: "emit lines into SQLite, with its index, until all are written; theirs: prepared inserts by hand, in transactions of the same size",
  unit: "op/s",
  bar: 0.7,
  runMs: 60,
  setup() {
    const folder = diskFolder();
    const ours = busToSqlite({ path: join(folder.path, "ours.db") });
    const theirs = handToSqlite(join(folder.path, "theirs.db"));
    return {
      ours,
      theirs,
      note: fileSystemOf(folder),
      async teardown() {
        await ours.close();
        theirs.close();
        folder.remove();
      },
    };
  },
};
