import { loadLoop, resumeLoop } from "@loops/fsm";
import { type CarryOutOptions, carryOut } from "../carry-out.js";
import { parseContext } from "../context-values.js";
import type { ExitCode } from "../exit-code.js";
import { findLoopFile } from "../find-loop.js";
import type { Terminal } from "../terminal.js";
import { noteWarnings } from "../warnings.js";

export interface ResumeOptions extends CarryOutOptions {
  readonly context: readonly string[];
  readonly inDoubt: "rerun" | "fail" | "ask";
  readonly with?: string | undefined;
}

export async function resume(terminal: Terminal, run: string, options: ResumeOptions): Promise<ExitCode> {
  const given = options.with === undefined ? {} : await newVersion(terminal, options.with, options.dir);
  const context = options.context.length === 0 ? {} : { context: parseContext(options.context) };
  return carryOut(terminal, options, (engine) => resumeLoop({ ...engine, ...given, ...context, run }));
}

async function newVersion(terminal: Terminal, loop: string, dir: string) {
  const path = findLoopFile(loop, dir);
  const { definition, warnings } = await loadLoop(path);
  noteWarnings(terminal, path, warnings);
  return { definition, onDrift: "use-given" } as const;
}
