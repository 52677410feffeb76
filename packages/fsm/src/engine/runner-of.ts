import type { ActionRunner } from "../actions/runner.js";
import type { Effects } from "./effects.js";

/** The runner of a kind of action. Without one, actions end as a shell ends one that it cannot find. */
export function runnerOf(effects: Effects, type: string): ActionRunner {
  return configuredRunner(effects, type) ?? missingRunner(type, effects.runner);
}

/** `undefined` where nobody brought one along. */
export function configuredRunner({ runner, runners }: Effects, type: string): ActionRunner | undefined {
  if (Object.hasOwn(runners, type)) return runners[type];
  if (type === "shell") return runner;
  // The same thing in another notation.
  return type === "slash_command" && Object.hasOwn(runners, "prompt") ? runners["prompt"] : undefined;
}

const notFoundExitCode = 127;

function missingRunner(type: string, shell: ActionRunner): ActionRunner {
  const stderr =
    `[engine] nothing here runs actions of type "${type}": ` +
    `give runLoop and resumeLoop a runner for it, runners: { ${JSON.stringify(type)}: ... }.\n`;
  const result = { output: "", stderr, exit_code: notFoundExitCode, duration_ms: 0 };
  return {
    prepare: () => ({ process: null, start: () => ({ kind: "completed", result }), abandon: () => undefined }),
    // Left by an engine that had one: a process group is ended the same way, whatever made it.
    endOrphan: (process, options) => shell.endOrphan(process, options),
  };
}
