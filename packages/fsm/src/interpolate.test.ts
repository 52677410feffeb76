// biome-ignore-all lint/suspicious/noTemplateCurlyInString: templates of loops

import { execFileSync } from "node:child_process";
import { isLoopsError } from "@loops/core";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { interpolate, interpolateDeep } from "./interpolate.js";
import { formatElapsed, type InterpolationScope, namespaces } from "./interpolate-scope.js";
import { parseTemplate } from "./interpolate-template.js";
import { renderValue } from "./interpolate-value.js";

const scope: InterpolationScope = {
  context: {
    file: "a b.ts",
    count: 3,
    ratio: 0.5,
    on: true,
    off: false,
    none: null,
    list: [1, "x"],
    deep: { a: { b: "c" } },
    evil: "${context.file}",
  },
  captured: { lint: { output: "2 errors\n", stderr: "", exit_code: 1, duration_ms: 12 } },
  prev: { output: "out", exit_code: 0, state: "check" },
  result: { verdict: "no", details: { matched: false } },
  state: { name: "fix", iteration: 4 },
  loop: { name: "demo", started_at: "2026-01-02T03:04:05.000Z", elapsed_ms: 65_000, elapsed: "1m 5s" },
  env: { HOME: "/home/x", "with.dot": "y", UNSET: undefined },
};
const run = (template: string, changes: Partial<InterpolationScope> = {}) =>
  interpolate(template, { ...scope, ...changes });

describe("interpolate", () => {
  it.each([
    ["${context.file}", "a b.ts"],
    ["${context.deep.a.b}", "c"],
    ["${captured.lint.output}|${captured.lint.exit_code}", "2 errors\n|1"],
    ["${prev.output} ${prev.exit_code} ${prev.state}", "out 0 check"],
    ["${state.name}#${state.iteration}", "fix#4"],
    ["${loop.name} ${loop.started_at} ${loop.elapsed_ms} ${loop.elapsed}", "demo 2026-01-02T03:04:05.000Z 65000 1m 5s"],
    ["${env.HOME} ${env.with.dot}", "/home/x y"],
  ])("fills in %s", (template, expected) => {
    expect(run(template)).toBe(expected);
  });

  it("B-25: gives the last evaluation as result, in whatever state", () => {
    expect(run("${result.verdict} ${result.details.matched}")).toBe("no False");
    expect(() => run("${result.verdict}", { result: null })).toThrow("Nothing was evaluated yet.");
  });

  it("B-43: writes values as Python does, and as JSON where that is asked for", () => {
    expect(run("${context.on} ${context.off} [${context.none}] ${context.count} ${context.ratio}")).toBe(
      "True False [] 3 0.5",
    );
    expect(run("${context.list} ${context.deep}")).toBe("[1, 'x'] {'a': {'b': 'c'}}");
    expect(run("${context.list:json} ${context.deep:json} ${context.none:json} ${context.on:json}")).toBe(
      '[1,"x"] {"a":{"b":"c"}} null true',
    );
    expect(run("${context.file:json} ${context.list:json:shell} ${context.list:shell:json}")).toBe(
      `"a b.ts" '[1,"x"]' '[1,"x"]'`,
    );
    expect(run("${context.nope:json:default=[]} ${context.nope:default=[]:json:shell}")).toBe("[] '[]'");
  });

  it("B-45: a key with a colon in it is found, where what follows the colon is no filter", () => {
    const context = { "a:b": { c: 1 }, "a:shell": 2, a: "x y" };
    expect(run("${context.a:b.c} ${context.a:shell} ${context.a}", { context })).toBe("1 'x y' x y");
    expect(run("${env.A:B}", { env: { "A:B": "value" } })).toBe("value");
  });

  it("leaves ${} alone, makes ${ of $${, and does not look again at what it filled in", () => {
    expect(run("${} $${context.file} $$${context.count} $ $$")).toBe("${} ${context.file} $${context.count} $ $$");
    expect(run("${context.evil}")).toBe("${context.file}");
    expect(run("${context.file")).toBe("${context.file");
    expect(run("$${a ${context.file $${b")).toBe("${a ${context.file ${b");
  });

  it("B-35: leaves to the shell what does not begin with a namespace", () => {
    const shell = "${HOME} ${x%.*} ${#list[@]} ${context} ${result:-none} ${contexts.x} ${a.b} ${!ref} $HOME $(ls)";
    expect(run(shell)).toBe(shell);
    expect(run("${NAME:-${context.count}}")).toBe("${NAME:-3}");
  });

  it("B-35: quotes a value for the shell with :shell, so that it stays one word", () => {
    expect(run("cat ${context.file:shell} ${context.count:shell} ${context.none:shell}")).toBe("cat 'a b.ts' 3 ''");
    const hostile = fc.string({ unit: fc.constantFrom("'", '"', "\\", "$", "`", " ", "\n", "a", ";", "*", "é", "!") });
    fc.assert(
      fc.property(hostile, (value) => {
        const command = run("printf %s ${context.v:shell}", { context: { v: value } });
        expect(execFileSync("sh", ["-c", command], { encoding: "utf8" })).toBe(value);
      }),
      { numRuns: 30 },
    );
  });

  it("takes a default for what is missing, and only then", () => {
    expect(run("${context.nope:default=a:b c} ${context.file:default=x} ${context.none:default=x}.")).toBe(
      "a:b c a b.ts .",
    );
    expect(run("${prev.output:default=}", { prev: null })).toBe("");
    expect(run("${context.nope:default=a b:shell} ${context.nope:shell:default=a b}")).toBe("'a b' 'a b'");
    expect(run("${context.file:shell:shell}")).toBe("'a b.ts'");
  });

  it.each([
    [
      "${context.fil}",
      'Missing context variable in state "fix": ${context.fil}. There is no "fil"; known keys: file, count,',
    ],
    ["${context.fil}", 'Did you mean "file"?'],
    ["${context.deep.a.x}", 'There is no "x"; known keys: b.'],
    ["${context.list.0}", '"0" looks into something that is not a mapping.'],
    ["${context.file.length}", '"length" looks into something that is not a mapping.'],
    ["${context.}", 'There is no ""'],
    ["${env.HOEM}", 'The environment has no "HOEM". Did you mean "HOME"?'],
    ["${env.UNSET}", "The environment has no"],
    ["${loop.elapsedms}", 'Did you mean "elapsed_ms"?'],
    ["${context.file:upper}", 'Unknown filter ":upper" in state "fix"'],
    ["${env.HOME:-/root}", 'begin with "$${" to leave it to the shell'],
  ])("refuses %s and says what there is instead", (template, message) => {
    expect(() => run(template)).toThrow(message);
  });

  it("says why there is nothing before the first state", () => {
    expect(() => run("${prev.output}", { prev: null })).toThrow("No state was run before this one.");
  });

  it("sees own properties only", () => {
    for (const path of ["constructor", "__proto__", "toString", "deep.hasOwnProperty", "__proto__.x"]) {
      expect(() => run(`\${context.${path}}`)).toThrow("Missing context variable");
    }
    expect(run("${context.__proto__}", { context: JSON.parse('{"__proto__":"own"}') })).toBe("own");
  });

  it("tells no values of the environment", () => {
    expect(() => run("${env.TOKE}", { env: { TOKEN: "secret" } })).not.toThrow("secret");
  });

  it("refuses a value that has no text with its own error", () => {
    const cycle: Record<string, unknown> = {};
    cycle["self"] = cycle;
    for (const template of ["${context.cycle}", "${context.cycle:json}", "${context.list:json}"]) {
      const context = { cycle, list: [1n] };
      expect(() => run(template, { context })).toThrow(
        expect.objectContaining({
          code: "LOOPS_INTERPOLATION",
          message: expect.stringContaining("Value cannot be written as text"),
        }),
      );
    }
  });
});

describe("interpolate, over all templates", () => {
  const pieces = fc.constantFrom(
    "$",
    "{",
    "}",
    "${",
    "$${",
    "${}",
    ".",
    ":",
    "shell",
    "json",
    "default=",
    ...namespaces,
    "x",
    "file",
    " ",
  );
  const templates = fc.array(pieces, { maxLength: 30 }).map((parts) => parts.join(""));

  it("throws nothing but its own error", () => {
    fc.assert(
      fc.property(templates, (template) => {
        try {
          run(template);
        } catch (error) {
          expect(isLoopsError(error, "LOOPS_INTERPOLATION")).toBe(true);
        }
      }),
    );
  });

  it("changes nothing in a template without ${", () => {
    fc.assert(fc.property(fc.string(), (text) => text.includes("${") || run(text) === text));
  });

  it("gives back any text that was escaped", () => {
    fc.assert(fc.property(templates, (text) => run(text.replaceAll("${", () => "$${")) === text));
  });

  it("agrees with replacing one reference after the other by a pattern", () => {
    const context = { x: "1", file: "${context.x}" };
    const known = fc.constantFrom(
      "${context.x}",
      "${context.file}",
      "$${",
      "${",
      "}",
      "$",
      "${HOME}",
      "${}",
      "text",
      "$${context.x}",
    );
    const oracle = (template: string) =>
      template.replace(/\$\$\{|\$\{context\.(x|file)\}/g, (match, key?: "x" | "file") =>
        key === undefined ? "${" : (context[key] ?? match),
      );
    fc.assert(
      fc.property(fc.array(known), (parts) => {
        const template = parts.join("");
        expect(run(template, { context })).toBe(oracle(template));
      }),
    );
  });

  it("splits a template so that nothing of it is lost", () => {
    fc.assert(
      fc.property(templates, (template) => {
        fc.pre(!template.includes("$${"));
        const parts = parseTemplate(template);
        expect(parts.map((part) => (typeof part === "string" ? part : part.source)).join("")).toBe(template);
      }),
    );
  });

  it("handles a megabyte of unclosed references, which only linear time can", () => {
    const template = "${context.x".repeat(100_000);
    expect(run(template)).toBe(template);
    expect(run(`${"${".repeat(500_000)}}`)).toHaveLength(1_000_001);
  });
});

describe("interpolateDeep", () => {
  it("fills in every text, however deep, and leaves names and other values as they are", () => {
    const params = { "${context.file}": ["${context.count}", { x: "<${context.file}>" }], n: 3, on: true, none: null };
    expect(interpolateDeep(params, scope)).toEqual({
      "${context.file}": ["3", { x: "<a b.ts>" }],
      n: 3,
      on: true,
      none: null,
    });
    expect(params.n).toBe(3);
  });

  it("makes text of a reference to anything", () => {
    expect(interpolateDeep({ a: "${context.count}", b: "${context.list}", c: "${context.list:json}" }, scope)).toEqual({
      a: "3",
      b: "[1, 'x']",
      c: '[1,"x"]',
    });
  });

  it("refuses what is missing with its own error, at whatever depth", () => {
    expect(() => interpolateDeep([{ a: ["${context.nope}"] }], scope)).toThrow("Missing context variable");
  });

  it("changes nothing in a value without references, and gives a copy", () => {
    const values = fc.jsonValue().filter((value) => !JSON.stringify(value).includes("${"));
    fc.assert(fc.property(values, (value) => void expect(interpolateDeep(value, scope)).toEqual(value)));
    const list = [{}];
    expect(interpolateDeep(list, scope)).not.toBe(list);
  });
});

describe("B-43: text of values", () => {
  // Each of them is what Python 3.11 writes.
  it.each([
    ["", ""],
    ["it's", "it's"],
    [1e21, "1e+21"],
    [-0, "-0.0"],
    [0.1, "0.1"],
    [0.0001, "0.0001"],
    [0.00001, "1e-05"],
    [-1.5e-7, "-1.5e-07"],
    [1.25e-100, "1.25e-100"],
    [123456.789, "123456.789"],
    [Number.NaN, "nan"],
    [Number.NEGATIVE_INFINITY, "-inf"],
    [[], "[]"],
    [{}, "{}"],
    [[null, true, 1e-7, "a"], "[None, True, 1e-07, 'a']"],
    [["it's", 'say "x"', `it's "x"`], `["it's", 'say "x"', 'it\\'s "x"']`],
    [
      ["\\\n\r\t\u0007\u00e9\u00a0\u2028\ufeff\ud800😀\u{e0001}"],
      "['\\\\\\n\\r\\t\\x07é\\xa0\\u2028\\ufeff\\ud800😀\\U000e0001']",
    ],
    [{ a: { "b'": [[]] }, u: undefined }, `{'a': {"b'": [[]]}}`],
  ])("of %j is %s", (value, text) => {
    expect(renderValue(value)).toBe(text);
  });

  it("of the same object twice is written twice", () => {
    const shared = { a: 1 };
    expect(renderValue([shared, shared])).toBe("[{'a': 1}, {'a': 1}]");
  });
});

describe("formatElapsed", () => {
  it.each([
    [0, "0ms"],
    [999.9, "999ms"],
    [1000, "1s"],
    [59_999, "59s"],
    [60_000, "1m"],
    [65_000, "1m 5s"],
    [7_200_000, "120m"],
    [-5, "0ms"],
  ])("writes %d ms as %s", (elapsedMs, text) => {
    expect(formatElapsed(elapsedMs)).toBe(text);
  });
});
