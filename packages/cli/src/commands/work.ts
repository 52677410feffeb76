import type { StateStore } from "@loops/core";
import { type ResumeLoopOptions, type RunState, resumeLoop } from "@loops/fsm";
import { cleanLine } from "../clean-text.js";
import { closeSinks, createCommandBus } from "../command-bus.js";
import { readConfig } from "../config.js";
import { commandOptions, configuredOptions } from "../engine-options.js";
import { eventLines } from "../event-lines.js";
import { type ExitCode, exitCode } from "../exit-code.js";
import { givingUpStore } from "../giving-up-store.js";
import { obeyInterrupts } from "../interrupts.js";
import { type StoreOptions, withStore } from "../open-store.js";
import { note, say, type Terminal } from "../terminal.js";
import { wireSinks, wiringOf } from "../wiring.js";
import { workLoop } from "../work-loop.js";

export interface WorkOptions extends StoreOptions {
  readonly concurrency: number;
  readonly once?: boolean | undefined;
  /** Seconds. */
  readonly poll: number;
  readonly inDoubt: NonNullable<ResumeLoopOptions["inDoubt"]>;
  readonly base: string;
  readonly events?: string | undefined;
  readonly json?: boolean | undefined;
  readonly llmModel?: string | undefined;
}

/** Goes on with runs whose process is gone, until it is told to end. */
export async function work(terminal: Terminal, options: WorkOptions): Promise<ExitCode> {
  const config = await readConfig(options, terminal);
  const configured = await configuredOptions(config);
  const wiring = await wiringOf(options.events, config);
  const bus = createCommandBus(terminal);
  if (options.json === true) bus.addTransport(eventLines(terminal));
  const interrupts = obeyInterrupts(
    () => note(terminal, "Ending after the current states; again to end their actions at once."),
    () => note(terminal, "No longer waiting for the sinks. Again to leave at once."),
  );
  try {
    const ofSinks = wiring === null ? {} : await wireSinks(bus, wiring, options.base, terminal);
    const failed = await withStore(
      terminal,
      options,
      async ({ store, where }) => {
        if (options.once !== true && options.json !== true) note(terminal, `Working on the runs in ${where}.`);
        let unsuccessful = 0;
        const engine = { ...configured, ...ofSinks, ...commandOptions(options, bus, interrupts, terminal) };
        const own = givingUpStore(store, interrupts.stop);
        const goOn = async (run: RunState) => {
          if (!(await carry(run, { ...engine, store: own, inDoubt: options.inDoubt }, options, terminal)))
            unsuccessful += 1;
        };
        const { concurrency, once = false } = options;
        const onTrouble = (message: string) => note(terminal, `warning: ${message}`);
        const loop = {
          store,
          concurrency,
          once,
          pollMs: options.poll * 1000,
          signal: interrupts.stop,
          goOn,
          onTrouble,
        };
        return (await workLoop(loop)) + unsuccessful;
      },
      config,
    );
    return options.once === true && failed > 0 ? exitCode.failed : exitCode.ok;
  } finally {
    interrupts.ended();
    await closeSinks(bus, interrupts.leave, terminal);
    if (!interrupts.leave.aborted) interrupts.release();
  }
}

/** @returns whether the loop ended where it should */
async function carry(
  { run_id, loop_name }: RunState,
  engine: Omit<ResumeLoopOptions, "run"> & { readonly store: StateStore<RunState> },
  { json }: WorkOptions,
  terminal: Terminal,
): Promise<boolean> {
  const tell = (text: string) => {
    if (json !== true) say(terminal, cleanLine(text));
  };
  const store: StateStore<RunState> = {
    ...engine.store,
    async acquire(runId) {
      const lease = await engine.store.acquire(runId);
      const { status, current_state } = lease.state;
      // Only now: another worker may have been faster, and even have ended it.
      if (runId === run_id && status === "running") tell(`${loop_name} ${run_id}: taken over in ${current_state}`);
      return lease;
    },
  };
  const { status, terminated_by, final_state } = await resumeLoop({ ...engine, store, run: run_id });
  tell(`${loop_name} ${run_id}: ${status} in ${final_state} (${terminated_by})`);
  return terminated_by === "terminal" || terminated_by === "handoff" || terminated_by === "signal";
}
