import { availableParallelism, loadavg } from "node:os";
import { parseArgs } from "node:util";
import type { Bench } from "./bench.js";
import { benches } from "./benches/index.js";
import { type Result, runBench } from "./harness.js";
import { runIsolated } from "./isolate.js";
import { jsonLine, table } from "./report.js";

const usage = `npm run bench -- [--json] [--rounds N] [NAME…]

Compares ours with theirs, both in one process, each benchmark in another, and exits with 1 when a bar is missed.
NAME is a benchmark, or the beginning of several: \`jsonl\` stands for all of jsonl-….

  --json       one JSON object a line: name, ours, theirs, unit, ratio (ours / theirs), bar, ok
  --rounds N   timed rounds, in which each side has two turns; the median counts (default 15)

${benches.map(({ name, what }) => `  ${name}\n      ${what}`).join("\n")}`;

class UsageError extends Error {}

interface Arguments {
  readonly help: boolean;
  readonly json: boolean;
  readonly rounds: number;
  readonly chosen: readonly Bench[];
}

/** @throws UsageError */
function readArguments(args: string[]): Arguments {
  const { values, positionals } = parse(args);
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) throw new UsageError(`--rounds ${values.rounds} is no positive number.`);
  const unknown = positionals.filter((given) => !benches.some(({ name }) => isMeant(name, given)));
  if (unknown.length > 0) {
    const names = benches.map((bench) => bench.name).join(", ");
    throw new UsageError(`No benchmark is called ${unknown.join(", ")}. There are: ${names}.`);
  }
  const isChosen = ({ name }: Bench) => positionals.some((given) => isMeant(name, given));
  const chosen = positionals.length === 0 ? benches : benches.filter(isChosen);
  return { help: values.help, json: values.json, rounds, chosen };
}

/** A whole name means only itself, although others may begin with it. */
function isMeant(name: string, given: string): boolean {
  return name === given || (name.startsWith(`${given}-`) && !benches.some((bench) => bench.name === given));
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        help: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        rounds: { type: "string", default: "15" },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** @returns the exit code: 0, or 1 when a bar was missed */
async function main({ help, json, rounds, chosen }: Arguments): Promise<number> {
  if (help) {
    console.log(usage);
    return 0;
  }
  warnWhenBusy();
  const results: Result[] = [];
  for (const bench of chosen) {
    const lacking = bench.lacks?.();
    if (lacking !== undefined) {
      console.error(`${bench.name} is left out: ${lacking}`);
      continue;
    }
    const result = chosen.length === 1 ? await runBench(bench, { rounds }) : await runIsolated(bench.name, rounds);
    results.push(result);
    if (json) console.log(jsonLine(result));
  }
  if (!json) console.log(table(results));
  return results.every((result) => result.ok) ? 0 : 1;
}

function warnWhenBusy(): void {
  const [load = 0] = loadavg();
  const cores = availableParallelism();
  if (load > cores) console.error(`The load is ${load.toFixed(1)} on ${cores} cores: do not trust these numbers.`);
}

try {
  process.exitCode = await main(readArguments(process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`${error.message}\n\n${usage}`);
  process.exitCode = 2;
}
