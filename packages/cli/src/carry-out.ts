import type { Bus } from "@loops/core";
import type { EngineOptions, FsmEvent, RunResult } from "@loops/fsm";
import { beginningOf } from "./beginning.js";
import { closeSinks, createCommandBus } from "./command-bus.js";
import type { Config } from "./config.js";
import { commandOptions, configuredOptions } from "./engine-options.js";
import { eventLines } from "./event-lines.js";
import { type ExitCode, exitCode } from "./exit-code.js";
import { obeyInterrupts } from "./interrupts.js";
import { openStore, type StoreOptions } from "./open-store.js";
import { showProgress } from "./progress.js";
import { note, type Terminal } from "./terminal.js";
import { wireSinks, wiringOf } from "./wiring.js";

/** Options of the commands that carry a loop out. */
export interface CarryOutOptions extends StoreOptions {
  readonly base: string;
  readonly events?: string | undefined;
  readonly json?: boolean | undefined;
  readonly quiet?: boolean | undefined;
  readonly maxIterations?: number | undefined;
  readonly timeout?: number | undefined;
  readonly llmModel?: string | undefined;
}

/** The run that is carried out. */
export interface Carried {
  /** Name of its loop or id. */
  readonly run: string;
  /** It is resumed, and not started anew. */
  readonly goesOn: boolean;
}

/**
 * Carries a loop out with what is configured, and with the sinks and signals of the command line, shows it, and closes
 * the sinks whatever happened.
 *
 * @param carried what is carried out
 * @param carry runs or resumes it with the engine's options
 */
export async function carryOut(
  terminal: Terminal,
  options: CarryOutOptions,
  config: Config,
  { run, goesOn }: Carried,
  carry: (engine: CarriedOptions) => Promise<RunResult>,
): Promise<ExitCode> {
  const configured = await configuredOptions(config);
  const wiring = await wiringOf(options.events, config);
  const { store, close } = await openStore(options, config, terminal);
  const bus = createCommandBus(terminal);
  const interrupts = obeyInterrupts(
    () => note(terminal, "Stopping after this action; again to end it at once."),
    () => note(terminal, "The loop has ended; no longer waiting for its sinks. Again to leave at once."),
  );
  let told = () => {};
  try {
    const begins = await beginningOf(store, run, goesOn);
    if (options.json === true) bus.addTransport(eventLines(terminal));
    else told = showProgress(bus, terminal, { quiet: options.quiet, begins });
    onEnd(bus, begins, interrupts.ended);
    const ofSinks = wiring === null ? {} : await wireSinks(bus, wiring, options.base, terminal);
    const result = await carry({
      ...configured,
      ...ofSinks,
      store,
      ...commandOptions(options, bus, interrupts, terminal),
      limits: limitsOf(options),
    });
    return endOf(result, terminal);
  } catch (error) {
    // Thrown on by whatever was waiting for the person.
    if (interrupts.stop.aborted && error === interrupts.stop.reason) return exitCode.interrupted;
    throw error;
  } finally {
    told();
    interrupts.ended();
    await closeSinks(bus, interrupts.leave, terminal);
    await close();
    // Kept by who is in a hurry: what a sink has left behind may hold the process, and the next signal is to end it.
    if (!interrupts.leave.aborted) interrupts.release();
  }
}

/** What the engine is given here, whichever way it begins. */
export type CarriedOptions = EngineOptions & { readonly signal: AbortSignal };

function endOf({ run_id, terminated_by }: RunResult, terminal: Terminal): ExitCode {
  switch (terminated_by) {
    case "terminal":
      return exitCode.ok;
    case "handoff":
      note(terminal, `Handed over. Unless a successor goes on with it: loops resume ${run_id}`);
      return exitCode.ok;
    case "signal":
      note(terminal, `Interrupted. Go on with: loops resume ${run_id}`);
      return exitCode.interrupted;
    default:
      return exitCode.failed;
  }
}

function limitsOf({ maxIterations, timeout }: CarryOutOptions): EngineOptions["limits"] {
  return { maxIterations, timeoutMs: timeout === undefined ? undefined : timeout * 1000 };
}

/** Calls `ended` as soon as the run that is carried out has ended: what follows is waiting for sinks. */
function onEnd(bus: Bus<FsmEvent>, begins: (event: FsmEvent) => boolean, ended: () => void): void {
  let runId: string | undefined;
  bus.on(["loop_start", "loop_resume", "loop_complete"], (event) => {
    if (begins(event)) runId = event.run_id;
    else if (event.event === "loop_complete" && event.run_id === runId) ended();
  });
}
