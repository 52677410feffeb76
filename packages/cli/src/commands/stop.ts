import { setTimeout as sleep } from "node:timers/promises";
import type { RunState } from "@loops/fsm";
import { badInput } from "../bad-input.js";
import { type ExitCode, exitCode } from "../exit-code.js";
import { type OpenedStore, type StoreOptions, withStore } from "../open-store.js";
import { note, say, type Terminal } from "../terminal.js";
import { statusText } from "./ls.js";

export interface StopOptions extends StoreOptions {
  readonly wait: number;
}

const lookMs = 50;

export function stop(terminal: Terminal, run: string, options: StopOptions): Promise<ExitCode> {
  return withStore(terminal, options, (opened) => askToStop(terminal, opened, run, options));
}

async function askToStop(
  terminal: Terminal,
  { store, where }: OpenedStore,
  run: string,
  { wait }: StopOptions,
): Promise<ExitCode> {
  const found = await store.find(run);
  if (found === null) throw badInput(`There is no run "${run}" in ${where}.`);
  const { run_id } = found;
  if (!(await store.isOwned(run_id))) {
    // Looked at again: it may have ended since it was found.
    return sayState(terminal, (await store.find(run_id)) ?? found, "is");
  }
  await store.requestStop(run_id);
  const deadlineMs = performance.now() + wait * 1000;
  while (await store.isOwned(run_id)) {
    if (performance.now() > deadlineMs) {
      note(terminal, `Run ${run_id} has been asked to stop, and is still in its current state after ${wait} s.`);
      return exitCode.failed;
    }
    await sleep(lookMs);
  }
  const left = await store.find(run_id);
  // Nobody but a run that was started anew archives it, and that waits for its end.
  if (left !== null) return sayState(terminal, left, "was");
  note(terminal, `Run ${run_id} has ended and was archived meanwhile: see loops history ${found.loop_name}`);
  return exitCode.ok;
}

/** What became of a run that no process carries out. @param how `was` for one that was asked to stop */
function sayState(terminal: Terminal, run: RunState, how: "is" | "was"): ExitCode {
  const { run_id } = run;
  const status = statusText(run, false);
  if (status === "killed") {
    note(terminal, `Run ${run_id} was killed, and has not stopped in good order. Go on with: loops resume ${run_id}`);
    // There was nothing to stop, or it was not stopped.
    return how === "is" ? exitCode.ok : exitCode.failed;
  }
  if (how === "is") note(terminal, `No process carries out run ${run_id}: it is ${status}.`);
  else if (run.terminated_by === "signal") say(terminal, `stopped ${run_id}`);
  else note(terminal, `Run ${run_id} had already ended: it is ${status}.`);
  return exitCode.ok;
}
