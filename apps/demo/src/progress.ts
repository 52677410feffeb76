import type { Bus } from "@loops/core";
import type { FsmEvent } from "@loops/fsm";
import { createColors } from "picocolors";
import { type LiveLine, liveLine } from "./live-line.js";

/** Whether a stream shows colour and moving text: a terminal, and nobody said no. */
export function isLive(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY === true && process.env["NO_COLOR"] === undefined && process.env["TERM"] !== "dumb";
}

export const colors = createColors(isLive(process.stdout));

/**
 * Shows a loop while it runs: a line for each thing that happened, and on a terminal what is happening now. Events from
 * before it began are those that the sinks of a dead process may have lost: they are counted, not told again.
 */
export function showProgress(bus: Bus<FsmEvent>): void {
  const began = new Date().toISOString();
  const live = isLive(process.stdout) ? liveLine() : undefined;
  let again = 0;
  const say = (text: string) => {
    live?.lift();
    if (again > 0) console.log(colors.dim(`${again} events that the sinks may have lost are sent again`));
    again = 0;
    console.log(text);
  };
  const lines = tell(say, live ?? { show() {}, clear() {} });
  bus.on((event) => {
    if (event.ts < began) again++;
    else lines[event.event]?.(event as never);
  });
}

type Lines = { readonly [N in FsmEvent["event"]]?: (event: Extract<FsmEvent, { event: N }>) => void };

function tell(say: (text: string) => void, live: Pick<LiveLine, "show" | "clear">): Lines {
  return {
    loop_start: (event) => say(colors.bold(`${event.loop} starts`) + colors.dim(` (run ${event.run_id})`)),
    loop_resume: (event) => say(colors.bold(`${event.loop} resumes in ${event.from_state}`)),
    action_in_doubt(event) {
      const orphan = event.orphan === "ended" ? "; what it left running was ended" : "";
      say(colors.yellow(`  ${event.state}: was cut off before its result was recorded${orphan}; it runs again`));
    },
    state_enter(event) {
      say(`${colors.cyan(event.state)} ${colors.dim(`#${event.iteration}`)}`);
      live.show(event.state);
    },
    action_output: (event) => say(colors.dim(`  | ${event.line}`)),
    action_complete(event) {
      live.clear();
      say(colors.dim(`  exit ${event.exit_code} after ${event.duration_ms} ms`));
      const failed = event.exit_code !== 0 && event.stderr_preview;
      if (failed) for (const line of failed.trimEnd().split("\n")) say(colors.yellow(`  ! ${line}`));
    },
    route: (event) => say(colors.dim(`  -> ${event.to}`)),
    loop_complete(event) {
      live.clear();
      const good = event.terminated_by === "terminal";
      const text = `${event.loop} ended in ${event.final_state} after ${event.iterations} states (${event.terminated_by})`;
      say(good ? colors.green(text) : colors.red(text));
      if (event.error !== undefined) say(colors.red(`  ${event.error.message}`));
    },
  };
}
