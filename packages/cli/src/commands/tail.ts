import { setTimeout as sleep } from "node:timers/promises";
import { fileStore } from "@loops/fsm";
import { badInput } from "../bad-input.js";
import { type ExitCode, exitCode } from "../exit-code.js";
import { obeyInterrupts } from "../interrupts.js";
import type { Terminal } from "../terminal.js";
import { printEvents } from "./history.js";

export interface TailOptions {
  readonly dir: string;
  readonly tail: number;
  readonly follow: boolean;
  readonly json?: boolean | undefined;
}

const lookMs = 200;

/** Follows a run until it has ended, its process is gone, or the person has seen enough. */
export async function tail(
  terminal: Terminal,
  run: string,
  { dir, tail: count, follow, json }: TailOptions,
): Promise<ExitCode> {
  const store = fileStore({ dir });
  const found = await store.find(run);
  if (found === null) throw badInput(`There is no run "${run}" in ${dir}.`);
  const { loop_name: loop, run_id: runId } = found;
  const interrupts = obeyInterrupts(() => {});
  const left = AbortSignal.any([interrupts.stop, terminal.gone]);
  try {
    let shown = 0;
    for (let first = true; ; first = false) {
      // Looked at before the events: what was committed before the owner went is then among them.
      const goesOn = follow && !left.aborted && (await store.isOwned(runId));
      const events = await store.readEvents(loop, runId, shown);
      printEvents(terminal, first ? events.slice(-count) : events, json === true);
      shown += events.length;
      // Ctrl-C is how one leaves what would go on: no failure.
      if (!goesOn) return exitCode.ok;
      await sleep(lookMs, undefined, { signal: left }).catch(() => undefined);
    }
  } finally {
    interrupts.release();
  }
}
