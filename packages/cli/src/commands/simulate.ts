import { createBus, errorMessage } from "@loops/core";
import { type FsmEvent, loadLoop, type ScenarioName, simulateLoop } from "@loops/fsm";
import { eventLines } from "../event-lines.js";
import { type ExitCode, exitCode } from "../exit-code.js";
import { findLoopFile } from "../find-loop.js";
import { showProgress } from "../progress.js";
import { runContext } from "../run-context.js";
import { note, type Terminal } from "../terminal.js";
import { noteWarnings } from "../warnings.js";

export interface SimulateOptions {
  readonly dir: string;
  readonly scenario: ScenarioName;
  readonly context: readonly string[];
  readonly maxIterations?: number | undefined;
  readonly json?: boolean | undefined;
}

/** Shows which way a loop takes, without doing anything. */
export async function simulate(
  terminal: Terminal,
  loop: string,
  input: string | undefined,
  { dir, scenario, context: given, maxIterations, json }: SimulateOptions,
): Promise<ExitCode> {
  const path = findLoopFile(loop, dir);
  const { definition, warnings } = await loadLoop(path);
  noteWarnings(terminal, path, warnings);
  const context = runContext(definition, input, given);

  const bus = createBus<FsmEvent>({ onError: (error) => note(terminal, `warning: ${errorMessage(error)}`) });
  if (json === true) bus.addTransport(eventLines(terminal));
  else showProgress(bus, { ...terminal, live: false });
  try {
    const { terminated_by } = await simulateLoop({ definition, scenario, context, maxIterations, bus, loopsDir: dir });
    return terminated_by === "terminal" ? exitCode.ok : exitCode.failed;
  } finally {
    await bus.close();
  }
}
