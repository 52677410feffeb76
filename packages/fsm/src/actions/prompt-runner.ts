import { isLoopsError, LoopsError } from "@loops/core";
import { commandTemplate } from "./command-template.js";
import type { ActionRequest, ActionRunner } from "./runner.js";
import { shellRunner } from "./shell-runner.js";

export interface PromptRunnerOptions {
  /**
   * Run by bash. `${prompt}` stands for the action's text, as bash takes a variable; with `:shell` behind the name as one
   * word. Without it the prompt comes on standard input.
   *
   * @example "claude -p ${prompt:shell}"
   */
  readonly command: string;
  /** What runs the command: a runner whose shell is bash. @default `shellRunner()` */
  readonly shell?: ActionRunner | undefined;
}

/**
 * Runs `prompt` and `slash_command` actions by a command line of the caller's; no program is assumed. It is a shell
 * action in every respect: gate, process group, timeout, orphans. The prompt reaches it in its environment, never as
 * text of the script; the system passes at most about 128 KiB of it.
 *
 * @throws LoopsError `LOOPS_CONFIG` for an empty command
 */
export function promptRunner(options: PromptRunnerOptions): ActionRunner {
  const { command, shell = shellRunner() } = options ?? {};
  if (typeof command !== "string" || command.trim() === "") {
    throw new LoopsError(
      "LOOPS_CONFIG",
      '[prompt-runner] "command" is empty. Give a command line, such as "claude -p".',
    );
  }
  const template = commandTemplate({ command, names: ["prompt"], prefix: "LOOPS_ACTION_", input: "prompt" });
  return {
    prepare: async (request) => {
      const env = { ...request.env, ...template.environment({ prompt: request.command }) };
      try {
        return await shell.prepare({ ...request, type: "shell", command: template.script, env });
      } catch (error) {
        throw isTooLarge(error) ? tooLarge(request, error) : error;
      }
    },
    endOrphan: (process, options) => shell.endOrphan(process, options),
  };
}

function isTooLarge(error: unknown): boolean {
  return (
    isLoopsError(error, "LOOPS_ACTION_SPAWN") && (error.cause as NodeJS.ErrnoException | undefined)?.code === "E2BIG"
  );
}

/** The runner below knows the command only, which is short. */
function tooLarge({ command }: ActionRequest, cause: unknown): LoopsError {
  const message =
    `[prompt-runner] The prompt of ${Buffer.byteLength(command)} bytes, together with the environment, is more than the ` +
    "system passes to a process. Put what is long into a file, and let the prompt name it.";
  return new LoopsError("LOOPS_ACTION_SPAWN", message, { cause });
}
