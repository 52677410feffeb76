import { existsSync, readFileSync } from "node:fs";
import { Command, InvalidArgumentError, Option } from "commander";
import type { ExitCode } from "./exit-code.js";
import type { Terminal } from "./terminal.js";

/**
 * The command line: which commands and options there are. What a command does is loaded when it is called, so that
 * `--help` starts fast.
 */
export function createProgram(terminal: Terminal, ended: (code: ExitCode) => void): Command {
  const program = new Command("loops")
    .description("Runs loops that act, check and try again, and goes on with them after a crash.")
    .version(version(), "-V, --version", "prints the version")
    .helpOption("-h, --help", "shows this")
    .helpCommand("help [command]", "shows how a command is used")
    .showSuggestionAfterError()
    .showHelpAfterError("(loops help shows how it is used)")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out.write(text),
      writeErr: (text) => terminal.err.write(text),
      getOutHelpWidth: () => terminal.out.columns ?? defaultColumns,
      getErrHelpWidth: () => terminal.err.columns ?? defaultColumns,
    })
    .addHelpText(
      "after",
      examples("loops run fix.yaml", "loops simulate fix.yaml", "loops resume fix", "loops ls", "loops graph fix.yaml"),
    );

  const common = () =>
    new Option("--dir <path>", "where loops and their runs lie").argParser(notEmpty).default(".loops");
  const json = () => new Option("--json", "for scripts: one JSON value a line");
  const context = () =>
    new Option("-c, --context <key=value>", "a value of the context; key:=json for other than text")
      .argParser(collect)
      .default([], "none");
  const config = () =>
    new Option("--config <file>", "YAML file of commands, servers and sinks (default: loops.config.yaml beside --dir)");
  const carrying = (command: Command) =>
    command
      .addOption(context())
      .option("-n, --max-iterations <count>", "state entries, instead of the loop's own limit", positiveInteger)
      .option("--timeout <seconds>", "running time, instead of the loop's own limit", positiveNumber)
      .option("--power", "what is recorded survives a loss of power, too (slower)")
      .option("-q, --quiet", "only how it ended")
      .addOption(common())
      .addOption(json().conflicts("quiet"))
      .optionsGroup("Prompts, models and events:")
      .addOption(config())
      .option("--prompt-command <command>", "runs prompts: a command line, such as 'claude -p'", notEmpty)
      .option("--model-command <command>", "asks a model for a verdict: a command line", notEmpty)
      .option("--llm-model <name>", "the model to ask, instead of the loop's own", notEmpty)
      .option("--handoff-command <command>", "goes on with a run that hands over", notEmpty)
      .option("--events <file>", "YAML file that names the sinks to send events to")
      .option("--base <path>", "where sinks put their files", ".ll");

  carrying(
    program
      .command("run")
      .option("--beside", "leaves an interrupted run of the loop as it is, and starts another one beside it"),
  )
    .description("starts a loop")
    .argument("<loop>", "path of a loop file, or the name of one in --dir")
    .argument("[input]", "the loop's input, kept in its context")
    .addHelpText(
      "after",
      examples(
        "loops run fix.yaml",
        'loops run review "src/main.ts" -c depth:=3',
        "loops run fix.yaml --prompt-command 'claude -p' --config team.yaml",
        "loops run fix.yaml --events sinks.yaml",
        "loops run fix.yaml --json | jq -r .event",
      ) + exitCodes,
    )
    .action(async (loop, input, options) => {
      const { run } = await import("./commands/run.js");
      ended(await run(terminal, loop, input, options));
    });

  carrying(
    program
      .command("resume")
      .addOption(
        new Option("--in-doubt <policy>", "an action that may have run already: run it again, fail, or ask")
          .choices(["rerun", "fail", "ask"])
          .default("rerun"),
      )
      .option("--with <file>", "go on with this version of the loop, instead of the one it was started with"),
  )
    .description("goes on with a run that was killed or stopped")
    .argument("<run>", "name of the loop, for its latest run, or the id of a run")
    .addHelpText("after", examples("loops resume fix", "loops resume 01JD3… --in-doubt ask") + exitCodes)
    .action(async (run, options) => {
      const { resume } = await import("./commands/resume.js");
      ended(await resume(terminal, run, options));
    });

  program
    .command("simulate")
    .description("goes through a loop without doing anything, to see which way it takes")
    .argument("<loop>", "path of a loop file, or the name of one in --dir")
    .argument("[input]", "the loop's input, kept in its context")
    .addOption(
      new Option("-s, --scenario <name>", "how actions end; alternating and first-fail begin with a failure")
        .choices(scenarios)
        .default("all-pass"),
    )
    .option("-n, --max-iterations <count>", "state entries, if the loop allows that many", positiveInteger, 20)
    .addOption(context())
    .addOption(common())
    .addOption(json())
    .addHelpText("after", examples("loops simulate fix.yaml --scenario first-fail", "loops simulate fix.yaml -n 5"))
    .action(async (loop, input, options) => {
      const { simulate } = await import("./commands/simulate.js");
      ended(await simulate(terminal, loop, input, options));
    });

  program
    .command("ls")
    .description("lists the runs that are not archived, running and ended")
    .addOption(common())
    .addOption(json())
    .option("--status <status>", "only those: running, killed, interrupted, completed, failed, …")
    .addHelpText("after", examples("loops ls", "loops ls --status running --json"))
    .action(async (options, command) => {
      requireDir(command);
      const { ls } = await import("./commands/ls.js");
      ended(await ls(terminal, options));
    });

  program
    .command("show")
    .description("shows a loop file, or where a run stands")
    .argument("<loop-or-run>", "path or name of a loop, or the id of a run")
    .addOption(common())
    .addOption(json())
    .addHelpText("after", examples("loops show fix", "loops show fix --json"))
    .action(async (what, options) => {
      const { show } = await import("./commands/show.js");
      ended(await show(terminal, what, options));
    });

  program
    .command("stop")
    .description("asks a running loop to stop after its current state, and waits until it has")
    .argument("<run>", "name of the loop, for its latest run, or the id of a run")
    .option("--wait <seconds>", "how long to wait", positiveNumber, 60)
    .addOption(common())
    .addHelpText("after", examples("loops stop fix", "loops stop fix --wait 5"))
    .action(async (run, options) => {
      const { stop } = await import("./commands/stop.js");
      ended(await stop(terminal, run, options));
    });

  program
    .command("history")
    .description("lists the archived runs of a loop, newest first, or shows the events of one")
    .argument("<loop>", "exact name of the loop")
    .argument("[run]", "id of an archived run: shows its events")
    .option("-n, --tail <count>", "at most so many, the newest", positiveInteger, 50)
    .option("-v, --verbose", "the output of actions as well")
    .addOption(common())
    .addOption(json())
    .addHelpText("after", examples("loops history fix", "loops history fix 01JD3… -v"))
    .action(async (loop, run, options, command) => {
      requireDir(command);
      const { history } = await import("./commands/history.js");
      ended(await history(terminal, loop, run, options));
    });

  program
    .command("tail")
    .description("shows the latest events of a run, and those to come")
    .argument("<run>", "name of the loop, for its latest run, or the id of a run")
    .option("-n, --tail <count>", "so many of those that were", positiveInteger, 50)
    .option("--no-follow", "only those that were")
    .addOption(common())
    .addOption(json())
    .addHelpText("after", examples("loops tail fix", "loops tail fix --no-follow --json"))
    .action(async (run, options) => {
      const { tail } = await import("./commands/tail.js");
      ended(await tail(terminal, run, options));
    });

  program
    .command("validate")
    .description("checks loop files, and says what is wrong where")
    .argument("<loop...>", "paths or names of loops")
    .addOption(config())
    .addOption(common())
    .addOption(json())
    .addHelpText("after", examples("loops validate fix.yaml", "loops validate .loops/*.yaml --json"))
    .action(async (loops, options) => {
      const { validate } = await import("./commands/validate.js");
      ended(await validate(terminal, loops, options));
    });

  program
    .command("graph")
    .description("draws a loop; of a run, with the current state marked")
    .argument("<loop-or-run>", "path or name of a loop, or the id of a run")
    .addOption(new Option("--format <format>", "how to draw it").choices(["mermaid", "dot"]).default("mermaid"))
    .addOption(common())
    .addHelpText("after", examples("loops graph fix.yaml", "loops graph fix --format dot | dot -Tsvg > fix.svg"))
    .action(async (what, options) => {
      const { graph } = await import("./commands/graph.js");
      ended(await graph(terminal, what, options));
    });

  return program;
}

const defaultColumns = 80;

/** As the engine has them, which is loaded only by the commands that need it. */
const scenarios = ["all-pass", "all-fail", "all-error", "first-fail", "alternating"];

const exitCodes = `

Exit codes:
  0 ok, 1 the loop failed, 2 bad input, 130 interrupted (it can be resumed)`;

function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join("\n")}`;
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

/** Without `--dir`, a directory that is not there yet has nothing to be listed; one that was named should be there. */
function requireDir(command: Command): void {
  const { dir } = command.opts<{ readonly dir: string }>();
  if (command.getOptionValueSource("dir") === "default" || existsSync(dir)) return;
  command.error(`error: option '--dir <path>': there is no directory ${dir}`);
}

function notEmpty(text: string): string {
  if (text.trim() !== "") return text;
  throw new InvalidArgumentError("It must not be empty.");
}

function positiveInteger(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new InvalidArgumentError("It must be a whole number of at least 1.");
}

function positiveNumber(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError("It must be a number above 0.");
}

function version(): string {
  const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  return String(manifest.version);
}
