import { type Command, Option } from "commander";
import type { ExitCode } from "../exit-code.js";
import type { Terminal } from "../terminal.js";
import { examples } from "./help.js";
import { configOption, dirOption, jsonOption, storeOption } from "./options.js";

/** The commands about loop files. */
export function addFiles(program: Command, terminal: Terminal, ended: (code: ExitCode) => void): void {
  program
    .command("validate")
    .description("checks loop files, and says what is wrong where")
    .argument("<loop...>", "paths or names of loops")
    .addOption(configOption())
    .addOption(dirOption())
    .addOption(jsonOption())
    .addHelpText("after", examples("loops validate fix.yaml", "loops validate .loops/*.yaml --json"))
    .action(async (loops, options) => {
      const { validate } = await import("../commands/validate.js");
      ended(await validate(terminal, loops, options));
    });

  program
    .command("graph")
    .description("draws a loop; of a run, with the current state marked")
    .argument("<loop-or-run>", "path or name of a loop, or the id of a run")
    .addOption(new Option("--format <format>", "how to draw it").choices(["mermaid", "dot"]).default("mermaid"))
    .addOption(dirOption())
    .addOption(storeOption())
    .addOption(configOption())
    .addHelpText("after", examples("loops graph fix.yaml", "loops graph fix --format dot | dot -Tsvg > fix.svg"))
    .action(async (what, options) => {
      const { graph } = await import("../commands/graph.js");
      ended(await graph(terminal, what, options));
    });
}
