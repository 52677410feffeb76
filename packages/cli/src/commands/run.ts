import { loadLoop, runLoop } from "@loops/fsm";
import { type CarryOutOptions, carryOut } from "../carry-out.js";
import { withModel } from "../chosen-model.js";
import { readConfig } from "../config.js";
import type { ExitCode } from "../exit-code.js";
import { findLoopFile } from "../find-loop.js";
import { runContext } from "../run-context.js";
import type { Terminal } from "../terminal.js";
import { noteNeeds } from "../unmet-needs.js";
import { noteWarnings } from "../warnings.js";

export interface RunOptions extends CarryOutOptions {
  readonly context: readonly string[];
  readonly beside?: boolean | undefined;
}

export async function run(
  terminal: Terminal,
  loop: string,
  input: string | undefined,
  options: RunOptions,
): Promise<ExitCode> {
  const path = findLoopFile(loop, options.dir);
  const { definition, warnings } = await loadLoop(path);
  noteWarnings(terminal, path, warnings);
  const config = await readConfig(options, terminal);
  noteNeeds(terminal, definition, config);
  const context = runContext(definition, input, options.context);
  const clearPrevious = options.beside !== true;
  const chosen = withModel(definition, options.llmModel);
  return carryOut(terminal, options, config, { run: definition.name, goesOn: false }, (engine) =>
    runLoop({ ...engine, definition: chosen, context, clearPrevious }),
  );
}
