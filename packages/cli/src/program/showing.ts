import type { Command } from "commander";
import type { ExitCode } from "../exit-code.js";
import type { Terminal } from "../terminal.js";
import { examples } from "./help.js";
import { configOption, dirOption, jsonOption, requireDir, storeOption } from "./options.js";
import { notEmpty, portNumber, positiveInteger, positiveNumber } from "./values.js";

/** The commands that show runs where they stand. */
export function addShowing(program: Command, terminal: Terminal, ended: (code: ExitCode) => void): void {
  program
    .command("ls")
    .description("lists the runs that are not archived, running and ended")
    .addOption(dirOption())
    .addOption(storeOption())
    .addOption(configOption())
    .addOption(jsonOption())
    .option("--status <status>", "only those: running, killed, interrupted, completed, failed, …")
    .addHelpText("after", examples("loops ls", "loops ls --status running --json"))
    .action(async (options, command) => {
      requireDir(command);
      const { ls } = await import("../commands/ls.js");
      ended(await ls(terminal, options));
    });

  program
    .command("show")
    .description("shows a loop file, or where a run stands")
    .argument("<loop-or-run>", "path or name of a loop, or the id of a run")
    .addOption(dirOption())
    .addOption(storeOption())
    .addOption(configOption())
    .addOption(jsonOption())
    .addHelpText("after", examples("loops show fix", "loops show fix --json"))
    .action(async (what, options) => {
      const { show } = await import("../commands/show.js");
      ended(await show(terminal, what, options));
    });

  program
    .command("stop")
    .description("asks a running loop to stop after its current state, and waits until it has")
    .argument("<run>", "name of the loop, for its latest run, or the id of a run")
    .option("--wait <seconds>", "how long to wait", positiveNumber, 60)
    .addOption(dirOption())
    .addOption(storeOption())
    .addOption(configOption())
    .addHelpText("after", examples("loops stop fix", "loops stop fix --wait 5"))
    .action(async (run, options) => {
      const { stop } = await import("../commands/stop.js");
      ended(await stop(terminal, run, options));
    });

  program
    .command("history")
    .description("lists the archived runs of a loop, newest first, or shows the events of one")
    .argument("<loop>", "exact name of the loop")
    .argument("[run]", "id of an archived run: shows its events")
    .option("-n, --tail <count>", "at most so many, the newest", positiveInteger, 50)
    .option("-v, --verbose", "the output of actions as well")
    .addOption(dirOption())
    .addOption(storeOption())
    .addOption(configOption())
    .addOption(jsonOption())
    .addHelpText("after", examples("loops history fix", "loops history fix 01JD3… -v"))
    .action(async (loop, run, options, command) => {
      requireDir(command);
      const { history } = await import("../commands/history.js");
      ended(await history(terminal, loop, run, options));
    });

  program
    .command("tail")
    .description("shows the latest events of a run, and those to come")
    .argument("<run>", "name of the loop, for its latest run, or the id of a run")
    .option("-n, --tail <count>", "so many of those that were", positiveInteger, 50)
    .option("--no-follow", "only those that were")
    .addOption(dirOption())
    .addOption(storeOption())
    .addOption(configOption())
    .addOption(jsonOption())
    .addHelpText("after", examples("loops tail fix", "loops tail fix --no-follow --json"))
    .action(async (run, options) => {
      const { tail } = await import("../commands/tail.js");
      ended(await tail(terminal, run, options));
    });

  program
    .command("watch")
    .description("shows running and recent loops in a browser, as they go")
    .option("-p, --port <number>", "where to listen, 0 for any (default: 7070, or any where that is taken)", portNumber)
    .option("--host <address>", "the address to listen on", notEmpty, "127.0.0.1")
    .option("--no-token", "whoever reaches the port on this machine may read")
    .addOption(dirOption())
    .addOption(storeOption())
    .addOption(configOption())
    .option("--base <path>", "where sinks have their sockets", ".ll")
    .addOption(jsonOption())
    .addHelpText(
      "after",
      examples("loops watch", "loops watch --port 8080", "LOOPS_WATCH_TOKEN=… loops watch", "loops watch --json"),
    )
    .action(async (options, command) => {
      requireDir(command);
      const { watch } = await import("../commands/watch.js");
      ended(await watch(terminal, options));
    });
}
