import type { StateStore } from "@loops/core";
import { type LoopDefinition, loadLoop, type RunState } from "@loops/fsm";
import { cleanText } from "../clean-text.js";
import { type ExitCode, exitCode } from "../exit-code.js";
import { findLoopFile } from "../find-loop.js";
import { type StoreOptions, withStore } from "../open-store.js";
import { table } from "../table.js";
import { say, sayJson, type Terminal } from "../terminal.js";
import { noteWarnings } from "../warnings.js";
import { statusText } from "./ls.js";

export interface ShowOptions extends StoreOptions {
  readonly json?: boolean | undefined;
}

/** A run by its id or loop where there is one, else the loop as its file has it. */
export async function show(terminal: Terminal, what: string, options: ShowOptions): Promise<ExitCode> {
  const { dir, json } = options;
  const isRun = await withStore(terminal, options, async ({ store }) => {
    const run = await findRun(store, what);
    if (run === null) return false;
    if (json === true) sayJson(terminal, run);
    else for (const line of runLines(run, await store.isOwned(run.run_id))) say(terminal, line);
    return true;
  });
  if (isRun) return exitCode.ok;
  const path = findLoopFile(what, dir);
  const { definition, warnings } = await loadLoop(path);
  noteWarnings(terminal, path, warnings);
  if (json === true) sayJson(terminal, definition);
  else for (const line of loopLines(definition)) say(terminal, line);
  return exitCode.ok;
}

/** `null` where there is no such run, and where the text cannot be the name of one: a path. */
export async function findRun(store: StateStore<RunState>, what: string): Promise<RunState | null> {
  return /[/\\]|\.ya?ml$/.test(what) ? null : store.find(what);
}

function runLines(run: RunState, alive: boolean): readonly string[] {
  const rows = [
    ["run", run.run_id],
    ["loop", run.loop_name],
    ["status", statusText(run, alive)],
    ["state", `${run.current_state} (#${run.iteration})`],
    ["started", run.started_at],
    ["running time", `${run.accumulated_ms} ms`],
    // A store keeps the runs of other engines too: theirs may lack some of it.
    ...(run.terminated_by ? [["ended by", run.terminated_by]] : []),
    ...(run.error ? [["error", run.error.message]] : []),
    ...(run.parent_run_id ? [["part of", run.parent_run_id]] : []),
    ...Object.keys(run.captured ?? {}).map((key) => ["captured", key]),
  ];
  return table(rows);
}

function loopLines(loop: LoopDefinition): readonly string[] {
  const states = Object.entries(loop.states).map(([name, state]) => [
    name === loop.initial ? `* ${name}` : `  ${name}`,
    state.terminal === true ? "(ends)" : ((state.action ?? state.loop ?? "").split("\n")[0]?.slice(0, 80) ?? ""),
  ]);
  return [
    loop.name,
    ...(loop.description === undefined ? [] : cleanText(loop.description).split("\n")),
    ...table(states),
  ];
}
