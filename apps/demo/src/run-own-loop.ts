import { isLoopsError } from "@loops/core";
import { fileStore, loadLoop, runLoop } from "@loops/fsm";
import { showProgress } from "./progress.js";
import { printFiles, printSinks } from "./report.js";
import { places, wiredBus } from "./wiring.js";

/** Runs the caller's own loop file in its working directory. The exit code: 0 ok, 1 failed, 2 bad input, 130 interrupted. */
export async function runOwnLoop(path: string, folder: string): Promise<number> {
  try {
    const { definition, warnings } = await loadLoop(path);
    for (const warning of warnings) console.error(`warning: ${warning.message}`);
    return await run(definition, folder);
  } catch (error) {
    if (!isLoopsError(error)) throw error;
    console.error(error.message);
    return error.code.startsWith("LOOPS_LOOP_") ? 2 : 1;
  }
}

async function run(definition: Awaited<ReturnType<typeof loadLoop>>["definition"], folder: string): Promise<number> {
  const stop = new AbortController();
  const force = new AbortController();
  // Once: after the running action. Twice: at once. The run can be resumed either way.
  process.on("SIGINT", () => (stop.signal.aborted ? force : stop).abort());
  await using bus = await wiredBus(folder);
  showProgress(bus);
  const store = fileStore({ dir: places(folder).loops });
  const signals = { signal: stop.signal, forceSignal: force.signal };
  const result = await runLoop({ definition, store, bus, cwd: folder, ...signals });
  const { sinks } = await bus.close();
  printSinks(sinks);
  printFiles(folder, result);
  if (result.terminated_by === "signal") return 130;
  return result.terminated_by === "terminal" ? 0 : 1;
}
