import type { LoopEvent } from "@loops/core";
import type { FsmEvent } from "@loops/fsm";
import { badInput } from "../bad-input.js";
import { type ExitCode, exitCode } from "../exit-code.js";
import { type OpenedStore, type StoreOptions, withStore } from "../open-store.js";
import { linesOf } from "../progress.js";
import { table } from "../table.js";
import { note, say, sayJson, type Terminal } from "../terminal.js";
import { summaryOf } from "./ls.js";

export interface HistoryOptions extends StoreOptions {
  readonly tail: number;
  readonly json?: boolean | undefined;
  readonly verbose?: boolean | undefined;
}

export function history(
  terminal: Terminal,
  loop: string,
  run: string | undefined,
  options: HistoryOptions,
): Promise<ExitCode> {
  return withStore(terminal, options, (opened) =>
    run === undefined
      ? listHistory(terminal, opened, loop, options)
      : showEvents(terminal, opened, [loop, run], options),
  );
}

async function listHistory(
  terminal: Terminal,
  { store }: OpenedStore,
  loop: string,
  { tail, json }: HistoryOptions,
): Promise<ExitCode> {
  const { runs, corrupt } = await store.history(loop);
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
  { store, where }: OpenedStore,
  [loop, run]: readonly [loop: string, run: string],
  { tail, json, verbose }: HistoryOptions,
): Promise<ExitCode> {
  const events = await store.readEvents(loop, run);
  if (events.length === 0)
    throw badInput(`There is no run ${run} of the loop "${loop}" in ${where}, or it has no events.`);
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
