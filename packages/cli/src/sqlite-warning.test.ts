import { expect, it } from "vitest";
import { withoutSqliteWarning } from "./sqlite-warning.js";

it("of what Node warns of, its own SQLite is left out, and nothing else", () => {
  const told: unknown[][] = [];
  const process = { emitWarning: (...args: unknown[]) => void told.push(args) } as unknown as NodeJS.Process;
  withoutSqliteWarning(process);
  process.emitWarning("SQLite is an experimental feature and might change at any time", "ExperimentalWarning");
  process.emitWarning("Type Stripping is an experimental feature", "ExperimentalWarning");
  process.emitWarning("SQLite is an experimental feature");
  process.emitWarning(new Error("more"));
  expect(told).toEqual([
    ["Type Stripping is an experimental feature", "ExperimentalWarning"],
    ["SQLite is an experimental feature"],
    [new Error("more")],
  ]);
});
