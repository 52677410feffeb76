import { setTimeout as sleep } from "node:timers/promises";
import { badInput } from "../bad-input.js";
import { type ExitCode, exitCode } from "../exit-code.js";
import { obeyInterrupts } from "../interrupts.js";
import { type OpenedStore, type StoreOptions, withStore } from "../open-store.js";
import type { Terminal } from "../terminal.js";
import { printEvents } from "./history.js";

export interface TailOptions extends StoreOptions {
  readonly tail: number;
  readonly follow: boolean;
  readonly json?: boolean | undefined;
}

const lookMs = 200;

/** Follows a run until it has ended, its process is gone, or the person has seen enough. */
export function tail(terminal: Terminal, run: string, options: TailOptions): Promise<ExitCode> {
  return withStore(terminal, options, (opened) => followRun(terminal, opened, run, options));
}

async function followRun(
  terminal: Terminal,
  { store, where }: OpenedStore,
  run: string,
  { tail: count, follow, json }: TailOptions,
): Promise<ExitCode> {
  const found = await store.find(run);
  if (found === null) throw badInput(`There is no run "${run}" in ${where}.`);
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
