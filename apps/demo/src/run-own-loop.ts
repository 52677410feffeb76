import { isLoopsError } from "@loops/core";
import {
  definitionHash,
  fileStore,
  loadLoop,
  type RunLoopOptions,
  type RunResult,
  resumeLoop,
  runLoop,
} from "@loops/fsm";
import { showProgress } from "./progress.js";
import { printFiles, printSinks } from "./report.js";
import { places, wiredBus } from "./wiring.js";

/** Runs the caller's own loop file in its working directory. The exit code: 0 ok, 1 failed, 2 bad input, 130 interrupted. */
export async function runOwnLoop(path: string, folder: string): Promise<number> {
  try {
    const { definition, warnings } = await loadLoop(path);
    for (const { line, column, path: where, message } of warnings) {
      console.error(`warning: ${path}:${line}:${column}: ${where}: ${message}`);
    }
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
  const onSignal = () => {
    // Once: after the running action. Twice: at once. The run is resumable either way.
    if (stop.signal.aborted) return force.abort();
    console.error("Stopping after this action; again to end it at once.");
    stop.abort();
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, onSignal);

  await using bus = await wiredBus(folder);
  showProgress(bus);
  const store = fileStore({ dir: places(folder).loops });
  const signals = { signal: stop.signal, forceSignal: force.signal };
  const result = await startOrResume({ definition, store, bus, cwd: folder, ...signals });
  const { sinks } = await bus.close();
  printSinks(sinks);
  printFiles(folder, result);
  if (result.terminated_by === "signal") {
    console.error("Interrupted. The same command goes on with it.");
    return 130;
  }
  return result.terminated_by === "terminal" ? 0 : 1;
}

/** Goes on with a run of the loop that was killed or stopped, if there is one of the same definition. */
async function startOrResume(options: RunLoopOptions): Promise<RunResult> {
  const previous = await options.store?.find(options.definition.name);
  const open = previous?.status === "running" || previous?.terminated_by === "signal";
  if (!open || previous.definition_hash !== definitionHash(options.definition)) return runLoop(options);
  return resumeLoop({ run: previous.run_id, ...options });
}
