import { join } from "node:path";
import type { Bench, Sides } from "../bench.js";
import { diskFolder, fileSystemOf } from "../disk-folder.js";
import { commitsOf, inFiles, sameBytes } from "../fsm-file-sides.js";

const what = "enter states with a run in files, each with a function";
/** To begin a run costs as much as some dozens of states. */
const runMs = 200;

export const fsmPersistent: Bench = {
  name: "fsm-persistent",
  what: `${what}; theirs: as many writes of the same bytes to a file that is held open`,
  unit: "op/s",
  bar: null,
  least: 20_000,
  clock: "wall",
  runMs,
  setup: () => againstBareWrites("process"),
};

export const fsmPersistentPower: Bench = {
  name: "fsm-persistent-power",
  what: "the same, so that it survives a loss of power; theirs: with fdatasync behind each write",
  unit: "op/s",
  bar: null,
  clock: "wall",
  runMs,
  setup: () => againstBareWrites("power"),
};

export const fsmPersistentCapture: Bench = {
  name: "fsm-persistent-capture",
  what: `${what}, while 100 kB that were captured once are held; theirs: without`,
  unit: "op/s",
  bar: 0.8,
  least: 0.8 * 20_000,
  clock: "wall",
  runMs,
  setup() {
    const folder = diskFolder();
    return {
      ours: inFiles(join(folder.path, "ours"), { held: "x".repeat(100_000) }),
      theirs: inFiles(join(folder.path, "theirs"), { held: "" }),
      note: fileSystemOf(folder),
      teardown: folder.remove,
    };
  },
};

async function againstBareWrites(durability: "process" | "power"): Promise<Sides> {
  const folder = diskFolder();
  const theirs = sameBytes(join(folder.path, "theirs.jsonl"), await commitsOf(join(folder.path, "sample")), durability);
  return {
    ours: inFiles(join(folder.path, "ours"), { durability }),
    theirs,
    note: fileSystemOf(folder),
    teardown() {
      theirs.close();
      folder.remove();
    },
  };
}
