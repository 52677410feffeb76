import { LoopsError } from "@loops/core";
import { type CommandTemplate, commandTemplate } from "../actions/command-template.js";
import { shellRunner } from "../actions/shell-runner.js";
import type { ActionResult } from "../run-state.js";
import type { AskModel, ModelQuestion } from "./evaluation.js";
import { ModelError } from "./model-error.js";
import { firstCharacters } from "./python/text.js";

export interface AskModelByCommandOptions {
  /**
   * Run by `bash -c`. `${model}`, `${prompt}`, `${schema}` and `${max_tokens}` stand for what is asked; with `:shell`
   * behind the name as one word, without it as bash takes a variable. Where it has no `${prompt}`, the prompt comes on
   * standard input; where it has no `${schema}`, the prompt says it.
   *
   * @example "claude -p --model ${model:shell} --output-format json --json-schema ${schema:shell}"
   */
  readonly command: string;
  /** @default that of this process */
  readonly cwd?: string | undefined;
  /** Added to the environment of this process. */
  readonly env?: Readonly<Record<string, string>> | undefined;
}

const names = ["model", "prompt", "schema", "max_tokens"] as const;

/** Shells say so of what they do not find, and of what they may not execute. */
const notFound = [126, 127];

/**
 * Asks a model by a command line, such as `claude -p`, and gives back what it writes to standard output. Values reach the
 * command in its environment, never as text of the script: nothing in a prompt is executed. The system passes at most
 * about 128 KiB of prompt.
 *
 * The command has a process group of its own, which is ended at the question's deadline and on its signal.
 * Rejects with a {@link ModelError}: `missing` where the shell does not find the program, `timeout`, `empty` where it
 * says nothing, `failed` for every other exit code than 0; and with the signal's reason.
 *
 * @throws LoopsError `LOOPS_CONFIG` for an empty command
 */
export function askModelByCommand(options: AskModelByCommandOptions): AskModel {
  const { command, cwd, env = {} } = options;
  if (typeof command !== "string" || command.trim() === "") {
    throw new LoopsError("LOOPS_CONFIG", '[ask-model] "command" is empty. Give a command line, such as "claude -p".');
  }
  const template = commandTemplate({ command, names, prefix: "LOOPS_MODEL_", input: "prompt" });
  const runner = shellRunner();

  return async (question) => {
    const prepared = await runner.prepare({
      type: "shell",
      command: template.script,
      cwd: cwd ?? process.cwd(),
      env: { ...env, ...environmentOf(question, template) },
      timeoutMs: question.timeoutMs,
      signal: question.signal,
      onLine: () => {},
    });
    const outcome = await prepared.start();
    if (outcome.kind === "cancelled") throw question.signal.reason;
    return outputOf(outcome.result, command, question);
  };
}

function environmentOf({ model, prompt, schema, maxTokens }: ModelQuestion, template: CommandTemplate) {
  const fits = JSON.stringify(schema);
  const values: Readonly<Record<(typeof names)[number], string>> = {
    model,
    prompt: template.has("schema")
      ? prompt
      : `${prompt}\n\nAnswer with nothing but JSON that fits this JSON Schema:\n${fits}`,
    schema: fits,
    max_tokens: String(maxTokens),
  };
  return template.environment(values);
}

function outputOf({ exit_code, output, stderr }: ActionResult, command: string, { timeoutMs }: ModelQuestion): string {
  const said = firstCharacters(stderr.trim(), 200);
  const what = `[ask-model] ${JSON.stringify(firstCharacters(command, 80))}`;
  if (exit_code === 124) throw new ModelError("timeout", `${what} did not answer within ${timeoutMs / 1000} s.`);
  if (notFound.includes(exit_code)) {
    throw new ModelError("missing", `${what} cannot be run: ${said}. Install the program, or configure another.`);
  }
  if (exit_code !== 0) throw new ModelError("failed", `${what} ended with exit code ${exit_code}: ${said}`);
  if (output.trim() === "") throw new ModelError("empty", `${what} said nothing${said === "" ? "." : `: ${said}`}`);
  return output;
}
