import {
  closeSync,
  fdatasyncSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { type FileStoreOptions, fileStore, functionRunner, runLoop } from "@loops/fsm";
import type { Side } from "./bench.js";
import { countLines } from "./count-lines.js";
import { roundTrip, roundTripHolding } from "./loops.js";

interface InFilesOptions extends Pick<FileStoreOptions, "durability"> {
  /** What a first state captures. @default there is no such state */
  readonly held?: string;
}

/** A run in files from its first state to its last one; each has a directory of its own. */
export function inFiles(dir: string, { held, durability }: InFilesOptions): Side {
  const definition = held === undefined ? roundTrip : roundTripHolding;
  let expected = 0;
  return {
    async run(entries) {
      expected = entries;
      let acted = 0;
      const runner = functionRunner({
        count: () => void acted++,
        hold() {
          acted++;
          return held;
        },
      });
      const { iterations } = await runLoop({
        definition,
        store: fileStore({ dir, durability }),
        runners: { function: runner },
        limits: { maxIterations: entries },
      });
      return Math.min(acted, iterations);
    },
    /** Reads it as another process would. */
    async reset() {
      const store = fileStore({ dir });
      const run = await store.find(definition.name);
      if (run?.iteration !== expected) throw new Error(`${dir} has ${run?.iteration} of ${expected} states`);
      if (held !== undefined && run.captured["held"]?.output !== held)
        throw new Error(`${dir} lacks what was captured`);
      const { length } = await store.readEvents(definition.name, run.run_id);
      if (length < expected * eventsPerState) throw new Error(`${dir} has ${length} events of ${expected} states`);
      rmSync(dir, { recursive: true });
    },
  };
}

/** `state_enter`, `action_start`, `action_complete`, `evaluate`, `route`. */
const eventsPerState = 5;
const commitsPerState = 3;

/** What a run writes for its states, commit by commit. */
export async function commitsOf(dir: string): Promise<readonly Buffer[]> {
  const states = 100;
  await inFiles(dir, {}).run(states);
  const running = join(dir, ".running");
  const journal = readdirSync(running).find((name) => name.endsWith(".events.jsonl"));
  if (journal === undefined) throw new Error(`there is no journal in ${running}`);
  const commits: string[] = [""];
  for (const line of readFileSync(join(running, journal), "utf8").split("\n").slice(0, -1)) {
    commits[commits.length - 1] += `${line}\n`;
    if ("commit" in JSON.parse(line)) commits.push("");
  }
  // Without the begin and the end of the run, and without what was put behind the last commit.
  const ofStates = commits.slice(1, 1 + states * commitsPerState);
  if (ofStates.some((lines) => lines === "")) throw new Error(`${running} has too few commits`);
  return ofStates.map((lines) => Buffer.from(lines));
}

/** The least that can be done: the bytes of each commit, written to a descriptor that is held. */
export function sameBytes(
  path: string,
  commits: readonly Buffer[],
  durability: "process" | "power",
): Side & { close(): void } {
  const fd = openSync(path, "a");
  const lines = commits.map((bytes) => bytes.toString().split("\n").length - 1);
  let expected = 0;
  return {
    run(entries) {
      const writes = entries * commitsPerState;
      expected = 0;
      for (let index = 0; index < writes; index++) {
        writeSync(fd, commits[index % commits.length] as Buffer);
        if (durability === "power") fdatasyncSync(fd);
        expected += lines[index % commits.length] as number;
      }
      return entries;
    },
    reset() {
      const found = countLines(path);
      if (found !== expected) throw new Error(`${path} has ${found} of ${expected} lines`);
      truncateSync(path);
    },
    close: () => closeSync(fd),
  };
}
