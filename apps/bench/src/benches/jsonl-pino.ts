import { join } from "node:path";
import type { Bench } from "../bench.js";
import { fiveFields } from "../events.js";
import { burstDropsNothing } from "../jsonl-burst.js";
import { busToFile, pinoToFile } from "../jsonl-sides.js";
import { temporaryFolder } from "../temporary-folder.js";

export const jsonlPino: Bench = {
  name: "jsonl-pino",
  what: "append events of five fields to a file until it is complete; theirs: pino, asynchronous, with the same bytes",
  unit: "op/s",
  clock: "wall",
  bar: 3,
  async setup({ short }) {
    const folder = temporaryFolder();
    await burstDropsNothing(join(folder.path, "burst.jsonl"), short ? 10_000 : 1_000_000);
    const ours = busToFile(join(folder.path, "ours.jsonl"), fiveFields);
    const theirs = await pinoToFile(join(folder.path, "theirs.jsonl"), fiveFields);
    return {
      ours,
      theirs,
      async teardown() {
        await ours.close();
        await theirs.close();
        folder.remove();
      },
    };
  },
};
