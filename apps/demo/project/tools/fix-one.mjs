// Mends the first misspelt name that the type checker's report has a suggestion for.
// Doing it twice does no harm: what is spelt right already is left alone.
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";

const report = process.argv[2] ?? "";
const misspelt =
  /^(?<file>.+)\((?<line>\d+),(?<column>\d+)\): error .*'(?<wrong>\w+)'.*Did you mean '(?<right>\w+)'\?$/m;
const found = misspelt.exec(report)?.groups;
if (found === undefined) {
  console.log("nothing in the report has a suggestion");
  process.exit(1);
}

const { file, line, column, right } = found;
const lines = readFileSync(file, "utf8").split("\n");
const text = lines[line - 1];
const wrong = /^\w+/.exec(text.slice(column - 1))?.[0];
if (wrong === right) {
  console.log(`${file}:${line} says ${right} already`);
  process.exit(0);
}

console.log(`${file}:${line} ${wrong} -> ${right}`);
await setTimeout(Number(process.env.DEMO_PACE_MS ?? 300)); // Time to watch, and to be killed in.
lines[line - 1] = text.slice(0, column - 1) + right + text.slice(column - 1 + wrong.length);
writeFileSync(`${file}.new`, lines.join("\n"));
renameSync(`${file}.new`, file);
