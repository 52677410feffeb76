import { join } from "node:path";
import { openHistory } from "@loops/sqlite";
import type { Bench } from "../bench.js";
import { diskFolder } from "../disk-folder.js";
import { fillHistory, manyEvents, openByHand } from "../sqlite-sides.js";

/** A file, a file and a number, a path as a phrase: what one looks for. */
const queries = Array.from({ length: 50 }, (_, n) => [
  `module${n * 97}`,
  `module${n * 13} TS${2300 + n}`,
  `src/module${n * 31}.ts`,
]).flat();

/** Each word with the parts that it is indexed by. */
const phrases = (query: string) => `"${query.replace(/[/.]/g, " ").replaceAll("TS", '" "TS')}"`;

export const sqliteSearch: Bench = {
  name: "sqlite-search",
  what: "search the words of 100,000 events (a million with LOOPS_LONG=1), the best 20; theirs: the same query by hand, without the events",
  unit: "ns/op",
  bar: null,
  least: 50_000_000,
  async setup({ short }) {
    const folder = diskFolder();
    const path = join(folder.path, "history.db");
    const events = manyEvents(short);
    await fillHistory(path, events);
    const history = await openHistory({ path, readOnly: true });
    const db = openByHand(path);
    const select = db.prepare(
      "select content, ts, rank from search_index where search_index match ? order by rank limit 20",
    );
    let [ours, theirs] = [0, 0];
    const next = (n: number) => queries[n % queries.length] ?? "";
    return {
      ours: {
        async run(iterations) {
          for (let i = 0; i < iterations; i++) await history.search(next(ours++));
          return iterations;
        },
      },
      theirs: {
        run(iterations) {
          for (let i = 0; i < iterations; i++) select.all(phrases(next(theirs++)));
          return iterations;
        },
      },
      note: `${events.toLocaleString("en")} events`,
      async teardown() {
        await history.close();
        db.close();
        folder.remove();
      },
    };
  },
};
