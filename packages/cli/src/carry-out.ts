import { createBus, errorMessage } from "@loops/core";
import { type EngineOptions, type FsmEvent, fileStore, type RunResult } from "@loops/fsm";
import { eventLines } from "./event-lines.js";
import { type ExitCode, exitCode } from "./exit-code.js";
import { obeyInterrupts } from "./interrupts.js";
import { showProgress } from "./progress.js";
import { note, type Terminal } from "./terminal.js";
import { wireFile } from "./wiring.js";

/** Options of the commands that carry a loop out. */
export interface CarryOutOptions {
  readonly dir: string;
  readonly base: string;
  readonly events?: string | undefined;
  readonly json?: boolean | undefined;
  readonly quiet?: boolean | undefined;
  readonly maxIterations?: number | undefined;
  readonly timeout?: number | undefined;
  readonly power?: boolean | undefined;
}

/**
 * Carries a loop out with the sinks and signals of the command line, shows it, and closes the sinks whatever happened.
 *
 * @param carry runs or resumes it with the engine's options
 */
export async function carryOut(
  terminal: Terminal,
  options: CarryOutOptions,
  carry: (engine: EngineOptions) => Promise<RunResult>,
): Promise<ExitCode> {
  const bus = createBus<FsmEvent>({ onError: (error) => note(terminal, `warning: ${errorMessage(error)}`) });
  const interrupts = obeyInterrupts(() => note(terminal, "Stopping after this action; again to end it at once."));
  try {
    if (options.json === true) bus.addTransport(eventLines(terminal));
    else showProgress(bus, terminal, { quiet: options.quiet });
    if (options.events !== undefined) await wireFile(bus, options.events, options.base, terminal);
    const warn = (warning: Error) => note(terminal, `warning: ${warning.message}`);
    const result = await carry({
      store: fileStore({
        dir: options.dir,
        durability: options.power === true ? "power" : "process",
        onWarning: (warning) => warn(new Error(warning.message)),
      }),
      loopsDir: options.dir,
      bus,
      signal: interrupts.stop,
      forceSignal: interrupts.force,
      limits: limitsOf(options),
      onWarning: warn,
    });
    if (result.status === "interrupted" && result.terminated_by === "signal") {
      note(terminal, `Interrupted. Go on with: loops resume ${result.run_id}`);
      return exitCode.interrupted;
    }
    return result.terminated_by === "terminal" || result.terminated_by === "handoff" ? exitCode.ok : exitCode.failed;
  } finally {
    interrupts.release();
    await closeSinks(bus, terminal);
  }
}

function limitsOf({ maxIterations, timeout }: CarryOutOptions): EngineOptions["limits"] {
  return { maxIterations, timeoutMs: timeout === undefined ? undefined : timeout * 1000 };
}

async function closeSinks(bus: ReturnType<typeof createBus<FsmEvent>>, terminal: Terminal): Promise<void> {
  const { sinks } = await bus.close();
  for (const { name, dropped } of sinks) {
    const reasons = Object.entries(dropped).map(([reason, count]) => `${count} ${reason}`);
    if (reasons.length > 0) note(terminal, `warning: the sink ${name} lost events: ${reasons.join(", ")}`);
  }
}
