import type { Bus } from "@loops/core";
import type { FsmEvent } from "@loops/fsm";
import { cleanLine, cleanText } from "./clean-text.js";
import { liveLine, noLiveLine } from "./live-line.js";
import { say, type Terminal } from "./terminal.js";

export interface ProgressOptions {
  /** Neither the output of actions nor states, only how the loop ended. @default false */
  readonly quiet?: boolean | undefined;
  /**
   * Whether this is the first event of what is shown. Those before it are those that the sinks of a dead process may have
   * lost: they are counted, not told again. `beginningOf` gives one. @default every event is shown
   */
  readonly begins?: ((event: FsmEvent) => boolean) | undefined;
}

/**
 * Shows a loop while it runs: a line for each thing that happened, and on a terminal what is happening now.
 *
 * @returns says what is still to be said, once there are no more events
 */
export function showProgress(
  bus: Pick<Bus<FsmEvent>, "on">,
  terminal: Terminal,
  { quiet = false, begins }: ProgressOptions = {},
): () => void {
  const live = terminal.live && !quiet ? liveLine(terminal.out) : noLiveLine;
  const { dim } = terminal.colors;
  let begun = begins === undefined;
  let again = 0;
  const sayAgain = () => {
    if (again > 0 && !quiet) say(terminal, dim(`${again} events that the sinks may have lost are sent again`));
    again = 0;
  };
  bus.on((event) => {
    begun ||= begins?.(event) === true;
    if (!begun) {
      again++;
      return;
    }
    const lines = linesOf(event, terminal.colors);
    if (event.event === "action_complete" || event.event === "loop_complete") live.clear();
    if (quiet && event.event !== "loop_complete") return;
    live.lift();
    sayAgain();
    for (const line of lines) say(terminal, line);
    if (event.event === "state_enter") live.show(cleanLine(event.state));
  });
  return () => {
    live.clear();
    sayAgain();
  };
}

/** What a person reads of an event; sub-loops further in. */
export function linesOf(event: FsmEvent, colors: Terminal["colors"]): readonly string[] {
  const indent = "  ".repeat(Math.max(0, event.depth));
  return textOf(event, colors).map((line) => indent + line);
}

function textOf(event: FsmEvent, { bold, cyan, dim, green, red, yellow }: Terminal["colors"]): readonly string[] {
  switch (event.event) {
    case "loop_start":
      return [bold(`${cleanLine(event.loop)} starts`) + dim(ofRun(event))];
    case "loop_resume":
      return [bold(`${cleanLine(event.loop)} resumes in ${cleanLine(event.from_state)}`) + dim(ofRun(event))];
    case "action_in_doubt": {
      const orphan = event.orphan === "ended" ? "; what it left running was ended" : "";
      const then = event.policy === "fail" ? "the loop ends" : "it runs again";
      return [yellow(`  ${cleanLine(event.state)}: was cut off before its result was recorded${orphan}; ${then}`)];
    }
    case "state_enter":
      return [`${cyan(cleanLine(event.state))} ${dim(`#${event.iteration}`)}`];
    case "action_output":
      return [dim(`  | ${cleanLine(event.line)}`)];
    case "action_complete": {
      const failed = event.exit_code === 0 ? "" : (event.stderr_preview ?? "");
      const stderr = failed === "" ? [] : cleanText(failed.trimEnd()).split("\n");
      return [
        dim(`  exit ${event.exit_code} after ${event.duration_ms} ms`),
        ...stderr.map((line) => yellow(`  ! ${line}`)),
      ];
    }
    case "route":
      return [dim(`  -> ${cleanLine(event.to)}`)];
    case "handoff_detected":
      return [yellow(`  ${cleanLine(event.state)}: hands over: ${cleanLine(event.continuation)}`)];
    case "handoff_spawned":
      return [dim(`  process ${event.pid} goes on`)];
    case "cycle_detected":
      return [yellow(`  ${cleanLine(event.edge)} was taken ${event.count} times; ${event.max} are allowed`)];
    case "retry_exhausted":
      return [
        yellow(`  ${cleanLine(event.state)}: given up after ${event.retries} retries -> ${cleanLine(event.next)}`),
      ];
    case "loop_complete": {
      const text = `${cleanLine(event.loop)} ended in ${cleanLine(event.final_state)} after ${event.iterations} states (${event.terminated_by})`;
      const good = event.terminated_by === "terminal" || event.terminated_by === "handoff";
      return [
        good ? green(text) : red(text),
        ...errorLines(event.error?.message ?? "").map((line) => red(`  ${line}`)),
      ];
    }
    default:
      return [];
  }
}

function errorLines(message: string): readonly string[] {
  return message === "" ? [] : cleanText(message).split("\n");
}

/** Runs of the original system have no id. */
function ofRun({ run_id }: { readonly run_id?: string | undefined }): string {
  return run_id === undefined ? "" : ` (run ${cleanLine(run_id)})`;
}
