import { type Command, Option } from "commander";
import type { ExitCode } from "../exit-code.js";
import type { Terminal } from "../terminal.js";
import { examples, exitCodes } from "./help.js";
import { contextOption, dirOption, eventOptions, jsonOption, storeOption } from "./options.js";
import { positiveInteger, positiveNumber } from "./values.js";

/** The commands that carry loops out. */
export function addCarrying(program: Command, terminal: Terminal, ended: (code: ExitCode) => void): void {
  const carrying = (command: Command) =>
    eventOptions(
      command
        .addOption(contextOption())
        .option("-n, --max-iterations <count>", "state entries, instead of the loop's own limit", positiveInteger)
        .option("--timeout <seconds>", "running time, instead of the loop's own limit", positiveNumber)
        .option("--power", "what is recorded survives a loss of power, too (slower)")
        .option("-q, --quiet", "only how it ended")
        .addOption(dirOption())
        .addOption(storeOption())
        .addOption(jsonOption().conflicts("quiet")),
      "the model to ask, instead of the loop's own",
    );

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
      const { run } = await import("../commands/run.js");
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
      const { resume } = await import("../commands/resume.js");
      ended(await resume(terminal, run, options));
    });

  eventOptions(
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
      .addOption(dirOption())
      .addOption(storeOption())
      .addOption(jsonOption()),
    "the model that child loops ask, instead of their own",
  )
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
      const { work } = await import("../commands/work.js");
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
    .addOption(contextOption())
    .addOption(dirOption())
    .addOption(jsonOption())
    .addHelpText("after", examples("loops simulate fix.yaml --scenario first-fail", "loops simulate fix.yaml -n 5"))
    .action(async (loop, input, options) => {
      const { simulate } = await import("../commands/simulate.js");
      ended(await simulate(terminal, loop, input, options));
    });
}

/** As the engine has them, which is loaded only by the commands that need it. */
const scenarios = ["all-pass", "all-fail", "all-error", "first-fail", "alternating"];
