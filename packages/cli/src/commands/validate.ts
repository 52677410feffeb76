import { isLoopsError } from "@loops/core";
import { type LoopDefinitionError, type LoopProblem, loadLoop } from "@loops/fsm";
import { type ExitCode, exitCode } from "../exit-code.js";
import { findLoopFile } from "../find-loop.js";
import { note, say, sayJson, type Terminal } from "../terminal.js";
import { noteWarnings } from "../warnings.js";

export interface ValidateOptions {
  readonly dir: string;
  readonly json?: boolean | undefined;
}

interface Verdict {
  readonly file: string;
  readonly valid: boolean;
  readonly problems: readonly LoopProblem[];
}

export async function validate(
  terminal: Terminal,
  loops: readonly string[],
  { dir, json }: ValidateOptions,
): Promise<ExitCode> {
  let valid = true;
  for (const loop of loops) {
    const file = findLoopFile(loop, dir);
    const verdict = await judge(file, (text) => {
      if (json !== true) note(terminal, text);
    });
    valid &&= verdict.valid;
    if (json === true) sayJson(terminal, verdict);
    else if (verdict.valid) {
      noteWarnings(terminal, file, verdict.problems);
      say(terminal, `${loop} is valid`);
    }
  }
  return valid ? exitCode.ok : exitCode.badInput;
}

async function judge(file: string, onInvalid: (text: string) => void): Promise<Verdict> {
  try {
    const { warnings } = await loadLoop(file);
    return { file, valid: true, problems: warnings };
  } catch (error) {
    if (!isLoopsError(error) || !error.code.startsWith("LOOPS_LOOP_")) throw error;
    onInvalid(error.message);
    return { file, valid: false, problems: (error as LoopDefinitionError).problems };
  }
}
