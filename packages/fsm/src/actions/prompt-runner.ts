import { LoopsError } from "@loops/core";
import { commandTemplate } from "./command-template.js";
import type { ActionRunner } from "./runner.js";
import { shellRunner } from "./shell-runner.js";

export interface PromptRunnerOptions {
  /**
   * Run by the shell. `${prompt}` stands for the action's text; with `:shell` behind the name as one word. Without it
   * the prompt comes on standard input.
   *
   * @example "claude -p ${prompt:shell}"
   */
  readonly command: string;
  /** What runs the command. @default `shellRunner()` */
  readonly shell?: ActionRunner | undefined;
}

/**
 * Runs `prompt` and `slash_command` actions by a command line of the caller's; no program is assumed. It is a shell
 * action in every respect: gate, process group, timeout, orphans. The prompt reaches it in its environment, never as
 * text of the script; the system passes at most about 128 KiB of it.
 *
 * @throws LoopsError `LOOPS_CONFIG` for an empty command
 */
export function promptRunner({ command, shell = shellRunner() }: PromptRunnerOptions): ActionRunner {
  if (typeof command !== "string" || command.trim() === "") {
    throw new LoopsError(
      "LOOPS_CONFIG",
      '[prompt-runner] "command" is empty. Give a command line, such as "claude -p".',
    );
  }
  const template = commandTemplate({ command, names: ["prompt"], prefix: "LOOPS_ACTION_", input: "prompt" });
  return {
    prepare: (request) =>
      shell.prepare({
        ...request,
        type: "shell",
        command: template.script,
        env: { ...request.env, ...template.environment({ prompt: request.command }) },
      }),
    endOrphan: (process, options) => shell.endOrphan(process, options),
  };
}
