import { loadLoop } from "@loops/fsm";
import { type ExitCode, exitCode } from "../exit-code.js";
import { findLoopFile } from "../find-loop.js";
import { toDot } from "../graph/dot.js";
import { toMermaid } from "../graph/mermaid.js";
import { type StoreOptions, withStore } from "../open-store.js";
import type { Terminal } from "../terminal.js";
import { findRun } from "./show.js";

export interface GraphOptions extends StoreOptions {
  readonly format: "mermaid" | "dot";
}

/** A run with its current state where there is one, else the loop as its file has it. */
export async function graph(terminal: Terminal, what: string, options: GraphOptions): Promise<ExitCode> {
  const { dir, format } = options;
  const run = await withStore(terminal, options, ({ store }) => findRun(store, what));
  const draw = format === "dot" ? toDot : toMermaid;
  const definition = run?.definition ?? (await loadLoop(findLoopFile(what, dir))).definition;
  terminal.out.write(draw(definition, run?.current_state));
  return exitCode.ok;
}
