import type { StateStore } from "@loops/core";
import type { RunState } from "@loops/fsm";
import { type ExitCode, exitCode } from "../exit-code.js";
import { type StoreOptions, withStore } from "../open-store.js";
import { table } from "../table.js";
import { note, say, sayJson, type Terminal } from "../terminal.js";

export interface LsOptions extends StoreOptions {
  readonly json?: boolean | undefined;
  readonly status?: string | undefined;
}

export function ls(terminal: Terminal, options: LsOptions): Promise<ExitCode> {
  return withStore(terminal, options, ({ store }) => listRuns(terminal, store, options));
}

async function listRuns(
  terminal: Terminal,
  store: StateStore<RunState>,
  { json, status }: LsOptions,
): Promise<ExitCode> {
  const { runs, corrupt } = await store.list();
  const known = await Promise.all(runs.map(async (run) => ({ run, alive: await store.isOwned(run.run_id) })));
  const shown = asTree(known.filter(({ run, alive }) => status === undefined || statusText(run, alive) === status));
  if (json === true) for (const { run, alive } of shown) sayJson(terminal, summaryOf(run, alive));
  else {
    const rows = shown.map(({ run, alive, level }) => [
      "  ".repeat(level) + run.loop_name,
      statusText(run, alive),
      run.current_state,
      `#${run.iteration}`,
      run.started_at,
      run.run_id,
    ]);
    for (const line of table([["LOOP", "STATUS", "STATE", "STEP", "STARTED", "RUN"], ...rows])) say(terminal, line);
  }
  for (const { where, error } of corrupt) note(terminal, `warning: ${where} cannot be read: ${error.message}`);
  return corrupt.length === 0 ? exitCode.ok : exitCode.failed;
}

interface Known {
  readonly run: RunState;
  /** Whether a process carries it out. */
  readonly alive: boolean;
}

interface Listed extends Known {
  /** How many of its ancestors are listed above it. */
  readonly level: number;
}

/** Child runs below their parents, where those are there, in the order of the list. */
function asTree(runs: readonly Known[]): readonly Listed[] {
  const ids = new Set(runs.map(({ run }) => run.run_id));
  const children = new Map<string | null, Known[]>();
  for (const known of runs) {
    const { parent_run_id: parent } = known.run;
    const above = parent !== null && ids.has(parent) ? parent : null;
    const siblings = children.get(above);
    if (siblings === undefined) children.set(above, [known]);
    else siblings.push(known);
  }
  const below = (parent: string | null, level: number): readonly Listed[] =>
    (children.get(parent) ?? []).flatMap((known) => [{ ...known, level }, ...below(known.run.run_id, level + 1)]);
  return below(null, 0);
}

/** What a script wants to know of a run: without its context, captures and definition. */
export function summaryOf(run: RunState, alive: boolean): object {
  const { run_id, loop_name, status, current_state, iteration, started_at, accumulated_ms, terminated_by } = run;
  const { depth, parent_run_id, error } = run;
  return {
    run_id,
    loop: loop_name,
    status,
    alive,
    current_state,
    iteration,
    started_at,
    accumulated_ms,
    terminated_by,
    depth,
    parent_run_id,
    error,
  };
}

/** A run whose process has died still says `running`: a person is to know that it can be resumed. */
export function statusText({ status }: RunState, alive: boolean): string {
  return status === "running" && !alive ? "killed" : status;
}
