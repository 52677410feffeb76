import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Bench, Side } from "../bench.js";

export const cliHelp: Bench = {
  name: "cli-help",
  what: "loops --help, from its start to its end as a process; theirs: node -e 0",
  unit: "ns/op",
  bar: 2,
  clock: "wall",
  setup: () => ({
    ours: processes([binary(), "--help"], (text) => text.startsWith("Usage: loops ")),
    theirs: processes(["-e", "0"], (text) => text === ""),
  }),
};

/** What npm would link as `loops`. */
function binary(): string {
  const manifest = new URL(import.meta.resolve("@loops/cli/package.json"));
  const { bin } = JSON.parse(readFileSync(manifest, "utf8"));
  return fileURLToPath(new URL(bin.loops, manifest));
}

function processes(args: readonly string[], isRight: (stdout: string) => boolean): Side {
  return {
    run(iterations) {
      let done = 0;
      for (let i = 0; i < iterations; i++) {
        const { status, stdout } = spawnSync(process.execPath, args, { encoding: "utf8", timeout: 60_000 });
        if (status === 0 && isRight(stdout)) done++;
      }
      return done;
    },
  };
}
