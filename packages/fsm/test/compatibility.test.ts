import { describe, expect, it } from "vitest";
import { parseLoop } from "../src/definition/load.js";
import { LoopDefinitionError } from "../src/definition/problem.js";

// Rows of docs/compatibility.md that are about loop files.

const loop = (fields: string, state = "action: echo ok\n    next: done") =>
  parseLoop(`name: demo\ninitial: a\n${fields}\nstates:\n  a:\n    ${state}\n  done: {terminal: true}\n`);

function problemsOf(parse: () => unknown): string {
  try {
    parse();
  } catch (error) {
    if (error instanceof LoopDefinitionError) return error.message;
    throw error;
  }
  throw new Error("it was accepted");
}

describe("B-48: scalars without quotes", () => {
  it("have the values of YAML 1.1", () => {
    const { definition } = loop("context: {a: yes, b: off, c: 010, d: 1_000, e: 1:30, f: 1e3, g: ~, h: 0x1f}");
    expect(definition.context).toEqual({ a: true, b: false, c: 8, d: 1000, e: 90, f: "1e3", g: null, h: 31 });
  });

  it("that are dates, or whole numbers beyond 2^53, stay the text that is written", () => {
    const { definition } = loop("context: {day: 2026-03-18, at: 2026-03-18T10:00:00Z, large: 123456789012345678901}");
    expect(definition.context).toEqual({
      day: "2026-03-18",
      at: "2026-03-18T10:00:00Z",
      large: "123456789012345678901",
    });
  });

  it("are the text that is written where they are keys", () => {
    const { definition } = loop("context: {yes: 1, 010: 2, null: 3}", "action: echo ok\n    route: {yes: done, no: a}");
    expect(definition.context).toEqual({ yes: 1, "010": 2, null: 3 });
    expect(definition.states["a"]?.route).toEqual({ yes: "done", no: "a" });
  });

  it("that are no finite numbers are refused, because no state file can hold them", () => {
    expect(problemsOf(() => loop("context: {limit: .inf}"))).toMatch(/context\.limit.*cannot be stored/);
    expect(problemsOf(() => loop("context: {limit: .nan}"))).toMatch(/context\.limit.*cannot be stored/);
  });
});

it("B-42: a pattern that cannot be had here is refused with the file, and one that is none is searched as text", () => {
  const withPattern = (pattern: string) =>
    loop(
      "",
      `action: echo ok\n    evaluate: {type: output_contains, pattern: '${pattern}'}\n    on_yes: done\n    on_no: a`,
    );
  expect(problemsOf(() => withPattern("(a)?(?(1)b|c)"))).toMatch(
    /states\.a\.evaluate\.pattern.*asks whether a group took part/,
  );
  expect(withPattern("(?i:a)(?>b+)").warnings).toEqual([]);
  expect(withPattern("(?<n>a)").warnings).toEqual([
    expect.objectContaining({ message: expect.stringContaining("searched as plain text") }),
  ]);
});

it("B-49: fields that only later versions knew are refused, so that a loop does not seem to get what it asks for", () => {
  for (const field of [
    "learning: {targets: [x]}",
    "throttle: {normal_max: 3}",
    "agent: x",
    "max_rate_limit_retries: 3",
  ]) {
    expect(problemsOf(() => loop("", `action: echo ok\n    next: done\n    ${field}`))).toContain(field.split(":")[0]);
  }
});
