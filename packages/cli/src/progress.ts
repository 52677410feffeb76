import type { Bus } from "@loops/core";
import type { FsmEvent } from "@loops/fsm";
import { liveLine, noLiveLine } from "./live-line.js";
import { say, type Terminal } from "./terminal.js";

export interface ProgressOptions {
  /** Neither the output of actions nor states, only how the loop ended. @default false */
  readonly quiet?: boolean | undefined;
}

/**
 * Shows a loop while it runs: a line for each thing that happened, and on a terminal what is happening now. Events from
 * before it began are those that the sinks of a dead process may have lost: they are counted, not told again.
 */
export function showProgress(bus: Pick<Bus<FsmEvent>, "on">, terminal: Terminal, options: ProgressOptions = {}): void {
  const began = new Date().toISOString();
  const live = terminal.live && options.quiet !== true ? liveLine(terminal.out) : noLiveLine;
  const { dim } = terminal.colors;
  let again = 0;
  bus.on((event) => {
    if (event.ts < began) {
      again++;
      return;
    }
    const lines = linesOf(event, terminal.colors);
    if (event.event === "action_complete" || event.event === "loop_complete") live.clear();
    if (options.quiet === true && event.event !== "loop_complete") return;
    live.lift();
    if (again > 0) say(terminal, dim(`${again} events that the sinks may have lost are sent again`));
    again = 0;
    for (const line of lines) say(terminal, line);
    if (event.event === "state_enter") live.show(event.state);
  });
}

/** What a person reads of an event; sub-loops further in. */
export function linesOf(event: FsmEvent, colors: Terminal["colors"]): readonly string[] {
  const indent = "  ".repeat(Math.max(0, event.depth));
  return textOf(event, colors).map((line) => indent + line);
}

function textOf(event: FsmEvent, { bold, cyan, dim, green, red, yellow }: Terminal["colors"]): readonly string[] {
  switch (event.event) {
    case "loop_start":
      return [bold(`${event.loop} starts`) + dim(` (run ${event.run_id})`)];
    case "loop_resume":
      return [bold(`${event.loop} resumes in ${event.from_state}`) + dim(` (run ${event.run_id})`)];
    case "action_in_doubt": {
      const orphan = event.orphan === "ended" ? "; what it left running was ended" : "";
      const then = event.policy === "fail" ? "the loop ends" : "it runs again";
      return [yellow(`  ${event.state}: was cut off before its result was recorded${orphan}; ${then}`)];
    }
    case "state_enter":
      return [`${cyan(event.state)} ${dim(`#${event.iteration}`)}`];
    case "action_output":
      return [dim(`  | ${event.line}`)];
    case "action_complete": {
      const failed = event.exit_code === 0 ? "" : (event.stderr_preview ?? "");
      const stderr = failed === "" ? [] : failed.trimEnd().split("\n");
      return [
        dim(`  exit ${event.exit_code} after ${event.duration_ms} ms`),
        ...stderr.map((line) => yellow(`  ! ${line}`)),
      ];
    }
    case "route":
      return [dim(`  -> ${event.to}`)];
    case "handoff_detected":
      return [yellow(`  ${event.state}: hands over: ${event.continuation}`)];
    case "handoff_spawned":
      return [dim(`  process ${event.pid} goes on`)];
    case "cycle_detected":
      return [yellow(`  ${event.edge} was taken ${event.count} times; ${event.max} are allowed`)];
    case "retry_exhausted":
      return [yellow(`  ${event.state}: given up after ${event.retries} retries -> ${event.next}`)];
    case "loop_complete": {
      const text = `${event.loop} ended in ${event.final_state} after ${event.iterations} states (${event.terminated_by})`;
      const good = event.terminated_by === "terminal" || event.terminated_by === "handoff";
      return [good ? green(text) : red(text), ...(event.error === undefined ? [] : [red(`  ${event.error.message}`)])];
    }
    default:
      return [];
  }
}
