import { isLoopsError } from "@loops/core";
import { type LoopDefinitionError, type LoopProblem, loadLoop } from "@loops/fsm";
import { type Config, readConfig } from "../config.js";
import { configuredOptions } from "../engine-options.js";
import { type ExitCode, exitCode } from "../exit-code.js";
import { findLoopFile } from "../find-loop.js";
import { note, say, sayJson, type Terminal } from "../terminal.js";
import { unmetNeeds } from "../unmet-needs.js";
import { noteWarnings } from "../warnings.js";

export interface ValidateOptions {
  readonly dir: string;
  readonly config?: string | undefined;
  readonly json?: boolean | undefined;
}

interface Verdict {
  readonly file: string;
  readonly valid: boolean;
  readonly problems: readonly LoopProblem[];
  /** What the loop needs and nobody has configured here. */
  readonly needs: readonly string[];
}

export async function validate(
  terminal: Terminal,
  loops: readonly string[],
  options: ValidateOptions,
): Promise<ExitCode> {
  const { dir, json } = options;
  const config = await readConfig(options, terminal);
  // Refuses what a run would be refused for.
  await configuredOptions(config);
  let valid = true;
  for (const loop of loops) {
    const file = findLoopFile(loop, dir);
    const verdict = await judge(file, config, (text) => {
      if (json !== true) note(terminal, text);
    });
    valid &&= verdict.valid;
    if (json === true) sayJson(terminal, verdict);
    else if (verdict.valid) {
      noteWarnings(terminal, file, verdict.problems);
      for (const need of verdict.needs) note(terminal, `warning: ${file}: ${need}`);
      say(terminal, `${loop} is valid`);
    }
  }
  return valid ? exitCode.ok : exitCode.badInput;
}

async function judge(file: string, config: Config, onInvalid: (text: string) => void): Promise<Verdict> {
  try {
    const { definition, warnings } = await loadLoop(file);
    return { file, valid: true, problems: warnings, needs: unmetNeeds(definition, config) };
  } catch (error) {
    if (!isLoopsError(error) || !error.code.startsWith("LOOPS_LOOP_")) throw error;
    onInvalid(error.message);
    return { file, valid: false, problems: (error as LoopDefinitionError).problems, needs: [] };
  }
}
