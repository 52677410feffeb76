import { readFileSync } from "node:fs";
import { Command } from "commander";
import type { ExitCode } from "./exit-code.js";
import { addAsking } from "./program/asking.js";
import { addCarrying } from "./program/carrying.js";
import { addFiles } from "./program/files.js";
import { examples } from "./program/help.js";
import { addShowing } from "./program/showing.js";
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

  for (const add of [addCarrying, addShowing, addAsking, addFiles]) add(program, terminal, ended);
  return program;
}

const defaultColumns = 80;

function version(): string {
  const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  return String(manifest.version);
}
