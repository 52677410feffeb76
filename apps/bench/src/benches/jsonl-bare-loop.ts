import { join } from "node:path";
import type { Bench } from "../bench.js";
import { fiveFields } from "../events.js";
import { busToFile, loopToFile } from "../jsonl-sides.js";
import { temporaryFolder } from "../temporary-folder.js";

export const jsonlBareLoop: Bench = {
  name: "jsonl-bare-loop",
  what: "the same; theirs: a bare loop of JSON.stringify and a writeSync of 64 KiB, with the same bytes",
  unit: "op/s",
  bar: 0.5,
  setup() {
    const folder = temporaryFolder();
    const ours = busToFile(join(folder.path, "ours.jsonl"), fiveFields);
    const theirs = loopToFile(join(folder.path, "theirs.jsonl"), fiveFields);
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
