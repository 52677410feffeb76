import { expect, it } from "vitest";
import { boundedLines } from "./bounded-lines.js";

function passed(lines: readonly string[], maxBytes: number): readonly string[] {
  const all: string[] = [];
  const { pass, end } = boundedLines((line) => all.push(line), maxBytes);
  for (const line of lines) pass(line);
  end();
  return all;
}

it("passes every line on up to the bound, and then says how many it left out", () => {
  expect(passed(["a", "b", "c"], 603)).toEqual(["a", "b", "c"]);
  expect(passed(["a", "b", "c"], 602)).toEqual(["a", "b", "[... 1 line left out ...]"]);
  expect(passed(["a", "b", "c"], 0)).toEqual(["[... 3 lines left out ...]"]);
  expect(passed([], 0)).toEqual([]);
});

it("empty lines count too: each becomes an event", () => {
  expect(
    passed(
      Array.from({ length: 1_000 }, () => ""),
      1_000,
    ),
  ).toHaveLength(6);
});

it("behind a line that did not fit none is passed on: there are no holes", () => {
  expect(passed(["a", "é".repeat(500), "b"], 500)).toEqual(["a", "[... 2 lines left out ...]"]);
});
