import { existsSync } from "node:fs";
import { type Command, Option } from "commander";
import { collect, notEmpty } from "./values.js";

/** Options that several commands have. */

export const dirOption = () =>
  new Option("--dir <path>", "where loops and their runs lie").argParser(notEmpty).default(".loops");

export const jsonOption = () => new Option("--json", "for scripts: one JSON value a line");

export const contextOption = () =>
  new Option("-c, --context <key=value>", "a value of the context; key:=json for other than text")
    .argParser(collect)
    .default([], "none");

export const configOption = () =>
  new Option("--config <file>", "YAML file of commands, servers and sinks (default: loops.config.yaml beside --dir)");

export const storeOption = () =>
  new Option(
    "--store <place>",
    "runs in a database: postgres://…, sqlite:<path>, <path>.db (default: files in --dir)",
  ).argParser(notEmpty);

/** What a command has that carries loops out: who is asked, and where events go. */
export function eventOptions(command: Command, llmModel: string): Command {
  return command
    .optionsGroup("Prompts, models and events:")
    .addOption(configOption())
    .option("--prompt-command <command>", "runs prompts: a command line, such as 'claude -p'", notEmpty)
    .option("--model-command <command>", "asks a model for a verdict: a command line", notEmpty)
    .option("--llm-model <name>", llmModel, notEmpty)
    .option("--handoff-command <command>", "goes on with a run that hands over", notEmpty)
    .option("--events <file>", "YAML file that names the sinks to send events to")
    .option("--base <path>", "where sinks put their files", ".ll");
}

/** Without `--dir`, a directory that is not there yet has nothing to be listed; one that was named should be there. */
export function requireDir(command: Command): void {
  const { dir } = command.opts<{ readonly dir: string }>();
  if (command.getOptionValueSource("dir") === "default" || existsSync(dir)) return;
  command.error(`error: option '--dir <path>': there is no directory ${dir}`);
}
