import { setTimeout as sleep } from "node:timers/promises";
import { fileStore } from "@loops/fsm";
import { badInput } from "../bad-input.js";
import { type ExitCode, exitCode } from "../exit-code.js";
import { note, say, type Terminal } from "../terminal.js";

export interface StopOptions {
  readonly dir: string;
  readonly wait: number;
}

const lookMs = 50;

export async function stop(terminal: Terminal, run: string, { dir, wait }: StopOptions): Promise<ExitCode> {
  const store = fileStore({ dir });
  const found = await store.find(run);
  if (found === null) throw badInput(`There is no run "${run}" in ${dir}.`);
  const { run_id } = found;
  if (!(await store.isOwned(run_id))) {
    note(terminal, `No process carries out run ${run_id}: it is ${found.status}.`);
    return exitCode.ok;
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
  say(terminal, `stopped ${run_id}`);
  return exitCode.ok;
}
