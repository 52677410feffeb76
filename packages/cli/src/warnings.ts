import type { LoopProblem } from "@loops/fsm";
import { note, type Terminal } from "./terminal.js";

/** What is odd about a loop file, a line each. */
export function noteWarnings(terminal: Terminal, path: string, warnings: readonly LoopProblem[]): void {
  for (const warning of warnings) note(terminal, `warning: ${problemLine(path, warning)}`);
}

/** `path:line:column: where: what`, as editors read it. */
export function problemLine(path: string, { file = path, line, column, path: where, message }: LoopProblem): string {
  const place = line === null ? file : `${file}:${line}:${column ?? 1}`;
  return `${place}: ${where === "" ? "" : `${where}: `}${message}`;
}
