import type { ActionDoubt, ResumeLoopOptions } from "@loops/fsm";
import { badInput } from "./bad-input.js";
import type { Terminal } from "./terminal.js";

/**
 * Asks the person what becomes of an action that may have run; again, until the answer is one. Rejects with the reason of
 * `signal` once that is aborted, and with `LOOPS_USAGE` where nobody is there to answer.
 */
export function askInDoubt(terminal: Terminal, signal: AbortSignal): NonNullable<ResumeLoopOptions["onInDoubt"]> {
  return async (doubt) => {
    const instead = "Say it on the command line: --in-doubt rerun or --in-doubt fail.";
    if (terminal.ask === null) throw badInput(`${describe(doubt)}\nThere is no terminal to ask on. ${instead}`);
    for (let question = `${describe(doubt)}\nRun it again? [y/n] `; ; question = "Please answer y or n: ") {
      const answer = (await terminal.ask(question, signal))?.trim().toLowerCase();
      signal.throwIfAborted();
      if (answer === undefined) throw badInput(`Nobody answered. ${instead}`);
      if (["y", "yes", "rerun"].includes(answer)) return "rerun";
      if (["n", "no", "fail"].includes(answer)) return "fail";
    }
  };
}

function describe({ loop, state, action, orphan, key }: ActionDoubt): string {
  const left = orphan === "ended" ? " It was still running, and was ended." : "";
  return `${loop}: the action of the state "${state}" (${key}) may have run when its process died.${left}\n  ${action.trim().split("\n").join("\n  ")}`;
}
