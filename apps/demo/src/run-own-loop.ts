import { fileURLToPath } from "node:url";
import { exitCode, main } from "@loops/cli";
import { isLoopsError } from "@loops/core";
import { definitionHash, fileStore, loadLoop } from "@loops/fsm";
import { printFiles } from "./report.js";
import { terminal } from "./terminal.js";
import { places } from "./wiring.js";

/**
 * Runs the caller's own loop file in its working directory, by the `loops` command with the demo's sinks: `run`, or
 * `resume` where a run of it was killed or stopped. The exit code is that of the command.
 */
export async function runOwnLoop(path: string, folder: string): Promise<number> {
  process.chdir(folder);
  const { loops, sinks } = places(folder);
  const open = await findOpenRun(path, loops);
  const events = fileURLToPath(new URL("../loops.config.yaml", import.meta.url));
  const what = open === null ? ["run", path] : ["resume", open];
  const code = await main([...what, "--dir", loops, "--base", sinks, "--events", events], terminal);
  if (code === exitCode.interrupted) console.error("The same command goes on with it.");
  if (code !== exitCode.badInput) await printWhere(path, folder);
  return code;
}

/** The id of a run of the very same loop that was killed or stopped. */
async function findOpenRun(path: string, loops: string): Promise<string | null> {
  const loop = await load(path);
  if (loop === null) return null;
  const previous = await fileStore({ dir: loops }).find(loop.name);
  const isOpen = previous?.status === "running" || previous?.terminated_by === "signal";
  return isOpen && previous.definition_hash === definitionHash(loop) ? previous.run_id : null;
}

async function printWhere(path: string, folder: string): Promise<void> {
  const loop = await load(path);
  const run = loop === null ? null : await fileStore({ dir: places(folder).loops }).find(loop.name);
  if (run !== null) printFiles(folder, { loop: run.loop_name, run_id: run.run_id });
}

/** `null` for what is no loop: the command says why. */
async function load(path: string) {
  try {
    return (await loadLoop(path)).definition;
  } catch (error) {
    if (!isLoopsError(error)) throw error;
    return null;
  }
}
