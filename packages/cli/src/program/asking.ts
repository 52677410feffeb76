import { type Command, Option } from "commander";
import type { ExitCode } from "../exit-code.js";
import type { Terminal } from "../terminal.js";
import { examples } from "./help.js";
import { configOption, dirOption, jsonOption } from "./options.js";
import { collect, moment, notEmpty, positiveInteger } from "./values.js";

/** The commands that ask the history which the sink sqlite keeps. */
export function addAsking(program: Command, terminal: Terminal, ended: (code: ExitCode) => void): void {
  const asking = (command: Command) =>
    command
      .addOption(
        new Option("--db <place>", "the history: <path>, or postgres://… (default: of the sink sqlite)").argParser(
          notEmpty,
        ),
      )
      .option("--base <path>", "where sinks put their files", ".ll")
      .addOption(dirOption())
      .addOption(configOption())
      .addOption(jsonOption());

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
      const { query } = await import("../commands/query.js");
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
      const { search } = await import("../commands/search.js");
      ended(await search(terminal, words, options));
    });
}
