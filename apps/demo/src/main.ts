import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { withLivePage } from "./live-page.js";
import { runDemo } from "./run-demo.js";
import { runOwnLoop } from "./run-own-loop.js";

const help = `A loop that does real work, is killed in the middle of it, and resumes.

Usage
  npm run demo                       the demo: five type errors, mended one a round, with a kill -9 on the way
  npm run demo -- path/to/loop.yaml  a loop of your own, in the folder you stand in
  npm run demo -- --serve            the demo, slow enough to watch, with the live page beside it until Ctrl-C
  npm run demo -- --serve loop.yaml  the same for a loop of your own

Exit codes: 0 every promise held, 1 it did not, 2 bad input, 130 interrupted`;

/** Where the person stands: a launcher may have changed the working directory. */
const calledFrom = process.env["LOOPS_CALLED_FROM"] ?? process.env["INIT_CWD"] ?? process.cwd();

async function main(): Promise<number> {
  let parsed: { values: { help?: boolean; serve?: boolean }; positionals: string[] };
  try {
    parsed = parseArgs({
      allowPositionals: true,
      options: { help: { type: "boolean", short: "h" }, serve: { type: "boolean" } },
    });
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${help}`);
    return 2;
  }
  const { values, positionals } = parsed;
  if (values.help) {
    console.log(help);
    return 0;
  }
  const [path, ...more] = positionals;
  if (more.length > 0) {
    console.error(`One loop file at a time.\n\n${help}`);
    return 2;
  }
  if (path === undefined) return runDemo({ serve: values.serve === true });
  const own = () => runOwnLoop(resolve(calledFrom, path), calledFrom);
  return values.serve ? withLivePage(calledFrom, own) : own();
}

process.exitCode = await main();
