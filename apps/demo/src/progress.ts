import type { Bus } from "@loops/core";
import type { FsmEvent } from "@loops/fsm";
import { createColors } from "picocolors";
import yoctoSpinner from "yocto-spinner";

/** Whether a stream shows colour and moving text: a terminal, and nobody said no. */
export function isLive(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY === true && process.env["NO_COLOR"] === undefined && process.env["TERM"] !== "dumb";
}

export const colors = createColors(isLive(process.stdout));

export interface ProgressOptions {
  /** Events before `loop_resume` are those that the sinks may have lost: they are counted, not told again. @default false */
  readonly resuming?: boolean;
}

/** Shows a loop while it runs: a line for each thing that happened, and on a terminal what is happening now. */
export function showProgress(bus: Bus<FsmEvent>, { resuming = false }: ProgressOptions = {}): void {
  const spinner = isLive(process.stdout) ? yoctoSpinner({ stream: process.stdout }) : undefined;
  let again = 0;
  let caughtUp = !resuming;
  const say = (text: string) => {
    if (!caughtUp) return;
    spinner?.clear();
    console.log(text);
  };
  bus.on((event) => {
    if (caughtUp) return;
    caughtUp = event.event === "loop_resume";
    if (!caughtUp) again++;
    else if (again > 0) say(colors.dim(`${again} events that the sinks may have lost are sent again`));
  });
  bus.on("loop_start", (event) => say(colors.bold(`${event.loop} starts`) + colors.dim(` (run ${event.run_id})`)));
  bus.on("loop_resume", (event) => say(colors.bold(`${event.loop} resumes in ${event.from_state}`)));
  bus.on("action_in_doubt", (event) => {
    const orphan = event.orphan === "ended" ? "; what it left running was ended" : "";
    say(colors.yellow(`  ${event.state}: was cut off before its result was recorded${orphan}; it runs again`));
  });
  bus.on("state_enter", (event) => {
    if (!caughtUp) return;
    say(`${colors.cyan(event.state)} ${colors.dim(`#${event.iteration}`)}`);
    spinner?.start(event.state);
  });
  bus.on("action_output", (event) => say(colors.dim(`  | ${event.line}`)));
  bus.on("action_complete", (event) => {
    spinner?.stop();
    say(colors.dim(`  exit ${event.exit_code} after ${event.duration_ms} ms`));
  });
  bus.on("route", (event) => say(colors.dim(`  -> ${event.to}`)));
  bus.on("loop_complete", (event) => {
    spinner?.stop();
    const good = event.terminated_by === "terminal";
    const text = `${event.loop} ended in ${event.final_state} after ${event.iterations} states (${event.terminated_by})`;
    say(good ? colors.green(text) : colors.red(text));
    if (event.error !== undefined) say(colors.red(`  ${event.error.message}`));
  });
}
