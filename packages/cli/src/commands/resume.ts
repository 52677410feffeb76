import { isLoopsError, LoopsError, type StateStore } from "@loops/core";
import { type LoopDefinition, loadLoop, type RunState, resumeLoop } from "@loops/fsm";
import { askInDoubt } from "../ask-in-doubt.js";
import { type CarryOutOptions, carryOut } from "../carry-out.js";
import { withModel } from "../chosen-model.js";
import { readConfig } from "../config.js";
import { parseContext } from "../context-values.js";
import type { ExitCode } from "../exit-code.js";
import { findLoopFile } from "../find-loop.js";
import { type OpenedStore, withStore } from "../open-store.js";
import type { Terminal } from "../terminal.js";
import { noteNeeds } from "../unmet-needs.js";
import { noteWarnings } from "../warnings.js";

export interface ResumeOptions extends CarryOutOptions {
  readonly context: readonly string[];
  readonly inDoubt: "rerun" | "fail" | "ask";
  readonly with?: string | undefined;
}

export async function resume(terminal: Terminal, run: string, options: ResumeOptions): Promise<ExitCode> {
  const { dir, llmModel, inDoubt } = options;
  const newer = options.with === undefined ? null : await newVersion(terminal, options.with, dir);
  const config = await readConfig(options, terminal);
  const find = ({ store }: OpenedStore) => store.find(run);
  const definition = newer ?? (await withStore(terminal, options, find, config))?.definition;
  if (definition !== undefined) noteNeeds(terminal, definition, config);

  const isOther = definition !== undefined && (newer !== null || llmModel !== undefined);
  const given = isOther ? ({ definition: withModel(definition, llmModel), onDrift: "use-given" } as const) : {};
  const context = options.context.length === 0 ? {} : { context: parseContext(options.context) };
  const carried = carryOut(terminal, options, config, { run, goesOn: true }, (engine) =>
    resumeLoop({ ...engine, ...given, ...context, run, inDoubt, onInDoubt: askInDoubt(terminal, engine.signal) }),
  );
  return carried.catch(async (error: unknown) => {
    if (!isLoopsError(error, "LOOPS_NOT_RESUMABLE")) throw error;
    throw await withStore(terminal, options, ({ store }) => withOthers(error, run, store), config);
  });
}

/** A name stands for the latest run of the loop: others of it may be those that were meant. */
async function withOthers(error: LoopsError, run: string, store: StateStore<RunState>): Promise<LoopsError> {
  const { runs } = await store.list();
  const others: string[] = [];
  for (const { run_id, loop_name, status } of runs) {
    if (loop_name !== run) continue;
    const canGoOn =
      status === "running" ? !(await store.isOwned(run_id)) : ["interrupted", "awaiting_continuation"].includes(status);
    if (canGoOn) others.push(run_id);
  }
  if (others.length === 0) return error;
  const commands = others.map((id) => `\n  loops resume ${id}`).join("");
  return new LoopsError("LOOPS_NOT_RESUMABLE", `${error.message}\nOther runs of the loop can go on:${commands}`, {
    cause: error,
  });
}

async function newVersion(terminal: Terminal, loop: string, dir: string): Promise<LoopDefinition> {
  const path = findLoopFile(loop, dir);
  const { definition, warnings } = await loadLoop(path);
  noteWarnings(terminal, path, warnings);
  return definition;
}
