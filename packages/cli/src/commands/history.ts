import type { LoopEvent } from "@loops/core";
import { type FsmEvent, fileStore } from "@loops/fsm";
import { badInput } from "../bad-input.js";
import { type ExitCode, exitCode } from "../exit-code.js";
import { linesOf } from "../progress.js";
import { table } from "../table.js";
import { note, say, sayJson, type Terminal } from "../terminal.js";
import { summaryOf } from "./ls.js";

export interface HistoryOptions {
  readonly dir: string;
  readonly tail: number;
  readonly json?: boolean | undefined;
  readonly verbose?: boolean | undefined;
}

export async function history(
  terminal: Terminal,
  loop: string,
  run: string | undefined,
  options: HistoryOptions,
): Promise<ExitCode> {
  return run === undefined ? listHistory(terminal, loop, options) : showEvents(terminal, loop, run, options);
}

async function listHistory(terminal: Terminal, loop: string, { dir, tail, json }: HistoryOptions): Promise<ExitCode> {
  const { runs, corrupt } = await fileStore({ dir }).history(loop);
  const shown = runs.slice(0, tail);
  if (json === true) for (const run of shown) sayJson(terminal, summaryOf(run, false));
  else {
    const rows = shown.map((run) => [
      run.run_id,
      run.status,
      run.current_state,
      `#${run.iteration}`,
      run.started_at,
      `${run.accumulated_ms} ms`,
    ]);
    for (const line of table([["RUN", "STATUS", "STATE", "STEP", "STARTED", "TIME"], ...rows])) say(terminal, line);
  }
  for (const { where, error } of corrupt) note(terminal, `warning: ${where} cannot be read: ${error.message}`);
  return corrupt.length === 0 ? exitCode.ok : exitCode.failed;
}

async function showEvents(
  terminal: Terminal,
  loop: string,
  run: string,
  { dir, tail, json, verbose }: HistoryOptions,
): Promise<ExitCode> {
  const events = await fileStore({ dir }).readEvents(loop, run);
  if (events.length === 0)
    throw badInput(`There is no run ${run} of the loop "${loop}" in ${dir}, or it has no events.`);
  const shown = verbose === true ? events : events.filter(({ event }) => event !== "action_output");
  printEvents(terminal, shown.slice(-tail), json === true);
  return exitCode.ok;
}

/** Events as a person or a script reads them. */
export function printEvents(terminal: Terminal, events: readonly LoopEvent[], json: boolean): void {
  for (const event of events) {
    if (json) sayJson(terminal, event);
    else for (const line of linesOf(event as FsmEvent, terminal.colors)) say(terminal, line);
  }
}
