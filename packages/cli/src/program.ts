import { existsSync, readFileSync } from "node:fs";
import { Command, InvalidArgumentError, Option } from "commander";
import type { ExitCode } from "./exit-code.js";
import { momentOf } from "./moment.js";
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
      examples(
        "loops run fix.yaml",
        "loops simulate fix.yaml",
        "loops resume fix",
        "loops watch",
        "loops graph fix.yaml",
      ),
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
  const store = () =>
    new Option(
      "--store <place>",
      "runs in a database: postgres://…, sqlite:<path>, <path>.db (default: files in --dir)",
    ).argParser(notEmpty);
  const carrying = (command: Command) =>
    command
      .addOption(context())
      .option("-n, --max-iterations <count>", "state entries, instead of the loop's own limit", positiveInteger)
      .option("--timeout <seconds>", "running time, instead of the loop's own limit", positiveNumber)
      .option("--power", "what is recorded survives a loss of power, too (slower)")
      .option("-q, --quiet", "only how it ended")
      .addOption(common())
      .addOption(store())
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
        "loops run fix.yaml --store postgres://db.internal/loops",
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
    .command("work")
    .description("goes on with runs whose process is gone, one after the other, for as long as it is left to")
    .option("-n, --concurrency <count>", "so many at a time", positiveInteger, 1)
    .option("--once", "until there is none left, and then it ends")
    .option("--poll <seconds>", "how often it is looked for such runs", positiveNumber, 2)
    .addOption(
      new Option("--in-doubt <policy>", "an action that may have run already: run it again, or fail")
        .choices(["rerun", "fail"])
        .default("rerun"),
    )
    .option("--power", "what is recorded survives a loss of power, too (slower)")
    .addOption(common())
    .addOption(store())
    .addOption(json())
    .optionsGroup("Prompts, models and events:")
    .addOption(config())
    .option("--prompt-command <command>", "runs prompts: a command line, such as 'claude -p'", notEmpty)
    .option("--model-command <command>", "asks a model for a verdict: a command line", notEmpty)
    .option("--llm-model <name>", "the model that child loops ask, instead of their own", notEmpty)
    .option("--handoff-command <command>", "goes on with a run that hands over", notEmpty)
    .option("--events <file>", "YAML file that names the sinks to send events to")
    .option("--base <path>", "where sinks put their files", ".ll")
    .addHelpText(
      "after",
      `${examples(
        "loops work --store postgres://db.internal/loops --concurrency 4",
        "loops work --once",
        "LOOPS_STORE=sqlite:runs.db loops work --json | jq -r .event",
      )}

Ctrl-C ends it after the current states, and gives the runs up for other workers; again ends their actions, too.

Exit codes:
  0 ended when told to, or nothing is left; 1 with --once: a run failed or could not be gone on with; 2 bad input`,
    )
    .action(async (options) => {
      const { work } = await import("./commands/work.js");
      ended(await work(terminal, options));
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
    .addOption(store())
    .addOption(config())
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
    .addOption(store())
    .addOption(config())
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
    .addOption(store())
    .addOption(config())
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
    .addOption(store())
    .addOption(config())
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
    .addOption(store())
    .addOption(config())
    .addOption(json())
    .addHelpText("after", examples("loops tail fix", "loops tail fix --no-follow --json"))
    .action(async (run, options) => {
      const { tail } = await import("./commands/tail.js");
      ended(await tail(terminal, run, options));
    });

  const asking = (command: Command) =>
    command
      .addOption(
        new Option("--db <place>", "the history: <path>, or postgres://… (default: of the sink sqlite)").argParser(
          notEmpty,
        ),
      )
      .option("--base <path>", "where sinks put their files", ".ll")
      .addOption(common())
      .addOption(config())
      .addOption(json());

  asking(
    program
      .command("query")
      .option("--loop <name>", "of this loop")
      .option("--state <name>", "of this state")
      .option("--event <name>", "of this name; several if given again", collect, [])
      .option("--run <id>", "of this run")
      .option("--status <status>", "of runs that stand so: running, completed, failed, interrupted, …")
      .option("--failed", "of runs in which something failed; with --state, there")
      .option("--since <when>", "not before: 7d, 90m, or a time such as 2026-01-31T12:00Z", moment)
      .option("--until <when>", "before that time", moment)
      .option("--runs", "the runs, instead of their events")
      .option("-n, --limit <count>", "at most so many, the newest", positiveInteger, 100),
  )
    .description("asks the history that the sink sqlite keeps")
    .addHelpText(
      "after",
      examples(
        "loops query --state fix --failed --since 7d --event action_output",
        "loops query --runs --status failed",
        "loops query --run 01JD3… --json | jq -r .event",
      ),
    )
    .action(async (options) => {
      const { query } = await import("./commands/query.js");
      ended(await query(terminal, options));
    });

  asking(
    program
      .command("search")
      .option("--raw", "words in the syntax of the database's own full text search")
      .option("-n, --limit <count>", "at most so many, the best", positiveInteger, 20),
  )
    .description("finds events of the history by their words")
    .argument("<words...>", "all of them have to be there")
    .addHelpText("after", examples("loops search fix-types timeout", "loops search --raw 'time* OR retry' --json"))
    .action(async (words, options) => {
      const { search } = await import("./commands/search.js");
      ended(await search(terminal, words, options));
    });

  program
    .command("watch")
    .description("shows running and recent loops in a browser, as they go")
    .option("-p, --port <number>", "where to listen, 0 for any (default: 7070, or any where that is taken)", portNumber)
    .option("--host <address>", "the address to listen on", notEmpty, "127.0.0.1")
    .option("--no-token", "whoever reaches the port on this machine may read")
    .addOption(common())
    .addOption(store())
    .addOption(config())
    .option("--base <path>", "where sinks have their sockets", ".ll")
    .addOption(json())
    .addHelpText(
      "after",
      examples("loops watch", "loops watch --port 8080", "LOOPS_WATCH_TOKEN=… loops watch", "loops watch --json"),
    )
    .action(async (options, command) => {
      requireDir(command);
      const { watch } = await import("./commands/watch.js");
      ended(await watch(terminal, options));
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
    .addOption(store())
    .addOption(config())
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

function moment(text: string): Date {
  const date = momentOf(text, Date.now());
  if (date !== null) return date;
  throw new InvalidArgumentError("It must be a time ago such as 7d or 90m, or a time such as 2026-01-31T12:00Z.");
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

function portNumber(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value <= 65_535) return value;
  throw new InvalidArgumentError("It must be a whole number from 0 to 65535.");
}

function version(): string {
  const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  return String(manifest.version);
}
