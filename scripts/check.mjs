// Everything but the tests: `npm run check [-- step…]`. One line per step; the output of what failed comes below it.
import { inspect } from "node:util";
import { changesets } from "./check/changesets.mjs";
import { endCommands, Finding, run } from "./check/command.mjs";
import { documentation } from "./check/documentation.mjs";
import { lockfile } from "./check/lockfile.mjs";
import { runSteps } from "./check/scheduler.mjs";
import { bundleSizes } from "./check/sizes.mjs";
import { createTarballs } from "./check/tarballs.mjs";

const tarballs = createTarballs();
process.once("exit", () => {
  endCommands();
  tarballs.dispose();
});
process.once("SIGINT", () => process.exit(130)).once("SIGTERM", () => process.exit(143));

/**
 * Dear ones early, so that the two lanes end together.
 * @type {readonly import("./check/scheduler.mjs").Step[]}
 */
const steps = [
  {
    name: "build",
    run: () => run("turbo", ["run", "build", "--continue", "--output-logs=errors-only"]).then(() => {}),
  },
  {
    name: "format and lint",
    run: () => run("biome", ["ci", "--colors=off", "--error-on-warnings", "."]).then(() => {}),
  },
  { name: "tarballs", needs: ["build"], run: () => tarballs.pack() },
  { name: "install", needs: ["tarballs"], run: () => tarballs.install() },
  { name: "are the types wrong", needs: ["tarballs"], run: () => tarballs.areTheTypesWrong() },
  { name: "types", after: ["build"], run: () => typeCheck() },
  { name: "publint", needs: ["tarballs"], run: () => tarballs.publint() },
  { name: "contents", needs: ["install"], run: () => tarballs.contents() },
  { name: "import", needs: ["install"], run: () => tarballs.importAll() },
  { name: "consumer", needs: ["install"], run: () => tarballs.consume() },
  { name: "sizes", after: ["build"], run: bundleSizes },
  { name: "documentation", run: documentation },
  { name: "lockfile", run: lockfile },
  { name: "changesets", run: changesets },
];

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !steps.some((step) => step.name === name));
if (unknown.length > 0) {
  console.error(`Unknown step: ${unknown.join(", ")}. Steps: ${steps.map((step) => `"${step.name}"`).join(", ")}.`);
  process.exit(2);
}

const results = await runSteps(withNeeds(wanted), 2, report);
const failures = results.filter((result) => result.status !== "passed").length;
console.log(failures === 0 ? "\nAll checks passed." : `\n${failures} of ${results.length} checks did not pass.`);
process.exitCode = failures === 0 ? 0 : 1;

/** Sources, tests and apps, then these scripts. */
async function typeCheck() {
  await run("tsc", ["--noEmit", "-p", "tsconfig.json"]);
  await run("tsc", ["--noEmit", "-p", "scripts/tsconfig.json"]);
}

/**
 * The chosen steps and what they need, in order; all of them when none is named.
 * @param {readonly string[]} names
 * @returns {readonly import("./check/scheduler.mjs").Step[]}
 */
function withNeeds(names) {
  if (names.length === 0) return steps;
  const chosen = new Set(names);
  for (const step of steps.toReversed()) {
    if (chosen.has(step.name)) for (const other of [...(step.needs ?? []), ...(step.after ?? [])]) chosen.add(other);
  }
  return steps.filter((step) => chosen.has(step.name));
}

/** @param {import("./check/scheduler.mjs").StepResult} result */
function report({ name, status, ms, note, error }) {
  const mark = { passed: "ok  ", failed: "FAIL", skipped: "skip" }[status];
  console.log(`${mark} ${name.padEnd(20)} ${`${(ms / 1000).toFixed(1)} s`.padStart(7)}${note ? `  ${note}` : ""}`);
  if (error !== undefined) {
    const text = error instanceof Finding ? error.message : inspect(error);
    console.log(`${text.trimEnd().replace(/^/gm, "     ")}\n`);
  }
}
