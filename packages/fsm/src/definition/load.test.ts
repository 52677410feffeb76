// biome-ignore-all lint/suspicious/noTemplateCurlyInString: templates of loops

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isLoopsError } from "@loops/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadLoop, parseLoop } from "./load.js";
import type { LoopDefinitionError } from "./problem.js";

const FIX = `name: fix
initial: check
states:
  check:
    action: make lint
    on_yes: done
    on_no: fix
  fix:
    action: make fix
    next: check
  done:
    terminal: true
`;

/** The error of a loop that must be refused. */
function refusal(text: string): LoopDefinitionError {
  try {
    parseLoop(text, { file: "fix.yaml" });
  } catch (error) {
    return error as LoopDefinitionError;
  }
  throw new Error("the loop was accepted");
}

/** `line:column path message` of each problem. */
function problems(text: string): string[] {
  return refusal(text).problems.map(({ line, column, path, message }) => `${line}:${column} ${path} ${message}`);
}

function warnings(text: string): string[] {
  return parseLoop(text).warnings.map(({ line, column, path, message }) => `${line}:${column} ${path} ${message}`);
}

/** A loop whose state `check` has `fields` beside a way to `done`. */
const withState = (fields: string, routing = "on_yes: done") =>
  `name: x\ninitial: check\nstates:\n  check: {${[routing, fields].filter(Boolean).join(", ")}}\n  done: {terminal: true}\n`;

/** A loop with `fields` beside the required ones. */
const withTop = (fields: string) =>
  `${fields}\nname: x\ninitial: check\nstates: {check: {next: done}, done: {terminal: true}}\n`;

describe("a loop that is right", () => {
  it("is read with its defaults filled in, and without warnings", () => {
    expect(parseLoop(FIX)).toEqual({
      definition: {
        name: "fix",
        initial: "check",
        states: {
          check: { action: "make lint", on_yes: "done", on_no: "fix" },
          fix: { action: "make fix", next: "check" },
          done: { terminal: true },
        },
        context: {},
        max_iterations: 50,
        input_key: "input",
      },
      warnings: [],
    });
  });

  it("keeps every field that it may have", () => {
    const text = `name: all
description: has everything
initial: a
context: {files: [a, b], deep: {n: 1}, none: null}
max_iterations: 7
timeout: 60
default_timeout: 2.5
input_key: target
states:
  a:
    action: /bin/true
    action_type: shell
    evaluate: {type: output_contains, pattern: ok, negate: true, source: "\${captured.x.output}"}
    route: {yes: b, _error: b, _: $current}
    capture: x
    timeout: 5
    max_retries: 2
    on_retry_exhausted: b
  b: {on_yes: c, on_no: c, on_error: c, on_partial: c, on_blocked: c, evaluate: {type: exit_code}}
  c: {terminal: true}
`;
    const { definition, warnings } = parseLoop(text);
    expect(warnings).toEqual([]);
    expect(definition).toMatchObject({
      description: "has everything",
      context: { files: ["a", "b"], deep: { n: 1 }, none: null },
      max_iterations: 7,
      timeout: 60,
      default_timeout: 2.5,
      input_key: "target",
    });
    expect(definition.states["a"]).toEqual({
      action: "/bin/true",
      action_type: "shell",
      evaluate: { type: "output_contains", pattern: "ok", negate: true, source: "${captured.x.output}" },
      route: { yes: "b", _error: "b", _: "$current" },
      capture: "x",
      timeout: 5,
      max_retries: 2,
      on_retry_exhausted: "b",
    });
  });

  it("B-48: reads unquoted yes, no, on and off as those words, as keys and where text is expected, and as booleans elsewhere", () => {
    const text = `name: words
initial: on
context: {answer: no, yes: "no"}
states:
  on: {action: x, route: {yes: off, no: on}}
  off: {terminal: true}
`;
    const { definition } = parseLoop(text);
    expect(definition.initial).toBe("on");
    expect(definition.states["on"]?.route).toEqual({ yes: "off", no: "on" });
    expect(definition.context).toEqual({ answer: false, yes: "no" });
  });

  it("takes numbers and dates without quotes as the text that is written, where text is expected", () => {
    const text = `name: 2024
initial: 1
input_key: 007
states:
  1: {action: 1.10, on_yes: 2, capture: true, evaluate: {type: output_contains, pattern: 0x1F}}
  2: {terminal: true, description: 2026-03-18}
`;
    const { definition, warnings } = parseLoop(text);
    expect(definition).toMatchObject({ name: "2024", initial: "1", input_key: "007" });
    expect(definition.states).toEqual({
      1: { action: "1.10", on_yes: "2", capture: "true", evaluate: { type: "output_contains", pattern: "0x1F" } },
      2: { terminal: true, description: "2026-03-18" },
    });
    expect(warnings.map(({ line, message }) => `${line} ${message}`)).toEqual([
      "3 007 is the octal number 7, because it begins with 0. Write 7, or put it in quotes",
    ]);
  });

  it("B-48: reads numbers as YAML 1.1 writes them", () => {
    const { definition } = parseLoop(
      withTop("max_iterations: 1_000\ntimeout: 1:30\ncontext: {mode: 0o10, octal: 010}"),
    );
    expect(definition).toMatchObject({ max_iterations: 1000, timeout: 90, context: { mode: "0o10", octal: 8 } });
  });

  it.each([
    ["yes", true],
    ["On", true],
    ["TRUE", true],
    ["no", false],
    ["Off", false],
  ])("reads %s as a boolean where one is expected", (word, value) => {
    const text = `name: x\ninitial: a\nstates:\n  a: {on_yes: z, terminal: ${word}}\n  z: {terminal: true}\n`;
    expect(parseLoop(text).definition.states["a"]?.terminal).toBe(value);
    expect(parseLoop(text.replace(word, `"${word}"`)).definition.states["a"]?.terminal).toBe(value);
    const negated = withState(`evaluate: {type: output_contains, pattern: p, negate: ${word}}`);
    expect(parseLoop(negated).definition.states["check"]?.evaluate).toMatchObject({ negate: value });
  });

  it("reads on_success as on_yes and on_failure as on_no, where those are absent or empty", () => {
    const states = `
  a: {on_success: b, on_failure: $current}
  b: {on_yes: "", on_success: c, on_no: b, on_failure: a}
  c: {terminal: true}`;
    const { definition } = parseLoop(`name: x\ninitial: a\nstates:${states}`);
    expect(definition.states["a"]).toEqual({ on_yes: "b", on_no: "$current" });
    expect(definition.states["b"]).toEqual({ on_yes: "c", on_no: "b" });
  });

  it("reads fields that are there but empty as absent", () => {
    const { definition } = parseLoop(
      withTop("context:\ntimeout:\ndescription: null\nmaintain: false\nllm:").replace(
        "next: done",
        "next: done, action: ",
      ),
    );
    expect(definition.context).toEqual({});
    expect(definition).not.toHaveProperty("timeout");
    expect(definition.states["check"]).toEqual({ next: "done" });
  });

  it("reads an action timeout of 0 as none", () => {
    expect(parseLoop(withState("timeout: 0")).definition.states["check"]).toEqual({ on_yes: "done" });
    expect(parseLoop(withTop("default_timeout: 0")).definition).not.toHaveProperty("default_timeout");
  });

  it("may name its states like members of Object.prototype", () => {
    const text = `name: x
initial: constructor
states:
  constructor: {route: {toString: hasOwnProperty}}
  hasOwnProperty: {terminal: true}
`;
    expect(Object.keys(parseLoop(text).definition.states)).toEqual(["constructor", "hasOwnProperty"]);
    expect(problems(text.replace("toString: hasOwnProperty", "yes: valueOf"))[0]).toContain('unknown state "valueOf"');
  });

  it("B-20: may have targets that are known only at run time", () => {
    const states = `
  a: {route: {yes: "\${context.next}", _: $current}}
  b: {on_yes: a, on_retry_exhausted: $current, max_retries: 1}
  c: {terminal: true}`;
    expect(parseLoop(`name: x\ninitial: a\nstates:${states}`).warnings).toEqual([]);
  });

  it("B-30: may route by on_blocked alone, and a child loop by next or by a table", () => {
    expect(parseLoop(withState("", "on_blocked: done")).definition.states["check"]).toEqual({ on_blocked: "done" });
    expect(warnings(withState("loop: child", "next: done"))).toEqual([]);
    expect(warnings(withState("loop: child", "route: {_: done}"))).toEqual([]);
  });

  it("keeps every field of a loop and of a state that its own tests do not know", () => {
    const text = `name: rest
initial: a
scope: [src, test]
backoff: 0.5
maintain: true
llm: {model: opus}
on_handoff: spawn
max_edge_revisits: 9
states:
  a: {action: /fix it, on_yes: b, on_stall: c, on_tool_error: $current, on_verdict: {target: b}}
  b: {action: server/tool, action_type: mcp_tool, params: {deep: [yes, "\${context.x}"]}, route: {success: c, _: a}}
  c: {loop: "\${context.child}", context_passthrough: yes, on_yes: d, on_no: d}
  d: {terminal: true, on_maintain: b, description: the end}
`;
    const { definition, warnings } = parseLoop(text);
    expect(warnings).toEqual([]);
    expect(definition).toEqual({
      name: "rest",
      initial: "a",
      scope: ["src", "test"],
      backoff: 0.5,
      maintain: true,
      llm: { enabled: true, model: "opus", max_tokens: 256, timeout: 1800 },
      on_handoff: "spawn",
      max_edge_revisits: 9,
      context: {},
      max_iterations: 50,
      input_key: "input",
      states: {
        a: { action: "/fix it", on_yes: "b", on_verdict: { stall: "c", tool_error: "$current", target: "b" } },
        b: {
          action: "server/tool",
          action_type: "mcp_tool",
          params: { deep: [true, "${context.x}"] },
          route: { success: "c", _: "a" },
        },
        c: { loop: "${context.child}", context_passthrough: true, on_yes: "d", on_no: "d" },
        d: { terminal: true, on_maintain: "b", description: "the end" },
      },
    });
  });

  it("is its own definition: what was read can be read again", () => {
    const { definition } = parseLoop(withState("on_stall: done, loop: x, on_success: done", "on_no: done"));
    expect(parseLoop(JSON.stringify(definition))).toEqual({ definition, warnings: [] });
  });

  it("reads a route on_<verdict> for any verdict, and on_verdict as text for the verdict of that name", () => {
    const { definition } = parseLoop(withState("on_stall: check, on_yes_uncertain: done, on_verdict: done"));
    expect(definition.states["check"]).toEqual({
      on_yes: "done",
      on_verdict: { stall: "check", yes_uncertain: "done", verdict: "done" },
    });
  });

  it("may say of the default that it leads nowhere", () => {
    const { definition } = parseLoop(withState("", "route: {yes: done, _: ~, _error: null}"));
    expect(definition.states["check"]).toEqual({ route: { yes: "done" } });
  });

  it.each([
    "{type: output_numeric, operator: le, target: 0}",
    '{type: output_numeric, operator: gt, target: "${context.goal}"}',
    "{type: output_json, path: .a.0, operator: ne, target: false}",
    "{type: output_json, path: a, operator: eq, target: {b: [1]}}",
    '{type: convergence, target: 0, previous: "${captured.x.output}", tolerance: 0.1, direction: maximize}',
    "{type: diff_stall, scope: [src], max_stall: 2}",
    "{type: llm_structured, prompt: Is it?, schema: {type: object}, min_confidence: 1, uncertain_suffix: true}",
    "{type: llm_structured}",
    "{type: mcp_result}",
  ])("may judge by %s", (evaluate) => {
    const text = withState(`capture: x, evaluate: ${evaluate}`);
    expect(parseLoop(text).warnings).toEqual([]);
    expect(parseLoop(text).definition.states["check"]?.evaluate).toEqual(
      parseLoop(`name: x
initial: a
context: ${evaluate}
states: {a: {terminal: true}}`).definition.context,
    );
  });

  it("may use evaluators and kinds of actions that the caller names", () => {
    const text = withState("action: x, action_type: fetch, params: {url: y}, evaluate: {type: score, model: {a: [1]}}");
    const { definition, warnings } = parseLoop(text, { evaluators: ["score"], actionTypes: ["fetch"] });
    expect(warnings).toEqual([]);
    expect(definition.states["check"]).toEqual({
      on_yes: "done",
      action: "x",
      action_type: "fetch",
      params: { url: "y" },
      evaluate: { type: "score", model: { a: [1] } },
    });
    expect(() => parseLoop(text, { evaluators: ["scor"] })).toThrow(
      'unknown evaluator "score". Known: exit_code, output_numeric, output_json, output_contains, convergence, diff_stall, ' +
        'llm_structured, mcp_result, scor. Did you mean "scor"? One of the program\'s own has to be named: { evaluators: ["score"] }.',
    );
    expect(() => parseLoop(withState("evaluate: {type: score, source: [a]}"), { evaluators: ["score"] })).toThrow(
      "evaluate.source: expected text; found a list.",
    );
  });
});

describe("a loop that is wrong", () => {
  it("is refused with one error that lists every problem, where it is and what to do", () => {
    const error = refusal(`name: ../fix
initial: check
states:
  check:
    action: make lint
    on_yes: done
    on_failure: fxi
  fix:
    next: check
    timeout: soon
  lost:
    next: done
  done:
    terminal: true
colour: blue
`);
    expect(isLoopsError(error, "LOOPS_LOOP_INVALID")).toBe(true);
    expect(error.message).toBe(`fix.yaml is not a valid loop (3 errors, 2 warnings):
  fix.yaml:1:7 name: not a name for a loop: it has a "/" or "\\" in it; use "-" instead.
    1 | name: ../fix
  fix.yaml:7:17 states.check.on_failure: unknown state "fxi". Known states: check, fix, lost, done. Did you mean "fix"?
    7 |     on_failure: fxi
  fix.yaml:10:14 states.fix.timeout: expected a number of seconds; found the text "soon".
    10 |     timeout: soon
  fix.yaml:11:3 states.lost: warning: unreachable: no route from "check", where the loop begins, leads here. Route a state to it, or remove it.
    11 |   lost:
  fix.yaml:15:1 colour: warning: unknown field "colour" has no effect. Remove it if it is not needed.
    15 | colour: blue`);
    expect(error.problems).toHaveLength(5);
    expect(error.problems[1]).toEqual({
      path: "states.check.on_failure",
      line: 7,
      column: 17,
      severity: "error",
      message: 'unknown state "fxi". Known states: check, fix, lost, done. Did you mean "fix"?',
    });
  });

  it.each([
    ["", "nothing"],
    ["# only a comment", "nothing"],
    ["- a", "a list"],
    ["hello", 'the text "hello"'],
    ["42", "the number 42"],
  ])("is refused when it is no mapping: %j", (text, found) => {
    expect(problems(text)).toEqual([
      expect.stringContaining(`a loop is a mapping with name, initial and states; found ${found}.`),
    ]);
  });

  it("names each required field that is missing", () => {
    expect(problems("description: x")).toEqual([
      '1:1 name "name" is required: text.',
      '1:1 initial "initial" is required: the name of a state.',
      '1:1 states "states" is required: a mapping from names to states.',
    ]);
    expect(problems(withState("evaluate: {type: output_contains}"))).toEqual([
      '4:25 states.check.evaluate.pattern "pattern" is required: text.',
    ]);
  });

  it.each([
    ["name: [a]", "1:7 name expected text; found a list."],
    ["description: {}", "1:14 description expected text; found an empty mapping."],
    ["context: [a]", "1:10 context expected a mapping from names to values; found a list."],
    ["max_iterations: 0", "1:17 max_iterations expected a whole number of at least 1; found the number 0."],
    ["max_iterations: 1.5", "1:17 max_iterations expected a whole number; found the number 1.5."],
    ["max_iterations: many", '1:17 max_iterations expected a whole number; found the text "many".'],
    ["timeout: 0", "1:10 timeout expected a number of seconds above 0; found the number 0."],
    ["timeout: 1e9", '1:10 timeout expected a number of seconds; found the text "1e9".'],
    ["backoff: -1", "1:10 backoff expected a number of seconds, 0 or more; found the number -1."],
    ["scope: src", '1:8 scope expected a list of paths; found the text "src".'],
    ["scope: [[a]]", "1:9 scope.0 expected text; found a list."],
    ["maintain: 1", "1:11 maintain expected true or false; found the number 1."],
    ["max_edge_revisits: 0", "1:20 max_edge_revisits expected a whole number of at least 1; found the number 0."],
    ["llm: sonnet", '1:6 llm expected a mapping with enabled, model, max_tokens and timeout; found the text "sonnet".'],
    ["llm: {max_tokens: 0}", "1:19 llm.max_tokens expected a whole number of at least 1; found the number 0."],
    ["llm: {timeout: 0}", "1:16 llm.timeout expected a number of seconds above 0; found the number 0."],
    [
      "on_handoff: spwan",
      '1:13 on_handoff expected "pause", "spawn" or "terminate"; found the text "spwan". Did you mean "spawn"?',
    ],
    ["default_timeout: -1", "1:18 default_timeout expected a number of seconds above 0; found the number -1."],
    ["input_key: [a]", "1:12 input_key expected text; found a list."],
    ["states: []", "1:9 states expected a mapping from names to states; found an empty list."],
    ["states: {}", "1:9 states a loop needs at least one state; add it."],
  ])("is refused for a field of the wrong type: %s", (field, expected) => {
    const name = field.slice(0, field.indexOf(":"));
    const rest = withTop("")
      .split("\n")
      .filter((line) => !line.startsWith(`${name}:`));
    expect(problems([field, ...rest].join("\n"))).toContain(expected);
  });

  it.each([
    ["action: [a]", "action expected text; found a list."],
    ["action_type: [shell]", "action_type expected one of shell, prompt, slash_command, mcp_tool; found a list."],
    ["evaluate: exit_code", "evaluate expected a mapping with"],
    ["evaluate: {}", 'evaluate.type "type" is required'],
    ["evaluate: {type: exit_coed}", 'Did you mean "exit_code"?'],
    ["evaluate: {type: output_contains, pattern: [a]}", "evaluate.pattern expected text; found a list."],
    ["evaluate: {type: output_contains, pattern: a, negate: maybe}", "evaluate.negate expected true or false"],
    ["route: done", "route expected a mapping from verdicts to states"],
    ["route: {}", "route expected at least one verdict with its state; found an empty mapping."],
    ["route: {yes: 1}", 'route.yes unknown state "1"'],
    ["route: {yes: ~}", "route.yes expected the name of a state; found nothing."],
    ["on_stall: [done]", "on_stall expected the name of a state; found a list."],
    ["on_stall: dnoe", 'on_stall unknown state "dnoe". Known states: check, done. Did you mean "done"?'],
    ["on_verdict: {stall: dnoe}", 'on_verdict.stall unknown state "dnoe"'],
    ["on_verdict: [done]", "on_verdict expected a mapping from verdicts to states; found a list."],
    ["evaluate: {type: output_numeric, target: 1}", 'evaluate.operator "operator" is required: "eq", "ne"'],
    ["evaluate: {type: output_numeric, operator: lt}", 'evaluate.target "target" is required: a number, or a template'],
    ["evaluate: {type: output_numeric, operator: less, target: 1}", 'evaluate.operator expected "eq", "ne", "lt"'],
    ["evaluate: {type: output_json, operator: eq, target: 1}", 'evaluate.path "path" is required'],
    [
      "evaluate: {type: output_json, path: a, operator: eq, target: ~}",
      'evaluate.target "target" is required: a value',
    ],
    ["evaluate: {type: convergence}", 'evaluate.target "target" is required'],
    ["evaluate: {type: convergence, target: 1, direction: up}", 'evaluate.direction expected "minimize" or "maximize"'],
    ["evaluate: {type: convergence, target: 1, tolerance: -1}", "evaluate.tolerance expected a number of at least 0"],
    ["evaluate: {type: diff_stall, max_stall: 0}", "evaluate.max_stall expected a whole number of at least 1"],
    ["evaluate: {type: diff_stall, scope: src}", "evaluate.scope expected a list of paths"],
    ["evaluate: {type: llm_structured, min_confidence: 1.5}", "evaluate.min_confidence expected a number from 0 to 1"],
    ["evaluate: {type: llm_structured, schema: [a]}", "evaluate.schema expected a mapping"],
    ["params: [a], action_type: mcp_tool", "params expected a mapping"],
    ["params: {a: 1}", 'params "params" are for MCP tools and functions'],
    ["action: x, loop: child", 'loop a state has either an "action" or a "loop"'],
    ["context_passthrough: maybe, loop: x", "context_passthrough expected true or false"],
    ["on_no: [done]", "on_no expected the name of a state; found a list."],
    ["terminal: 1", "terminal expected true or false; found the number 1."],
    ["capture: []", "capture expected text; found an empty list."],
    ["timeout: -1", "timeout expected a number of seconds above 0"],
    ["max_retries: 0, on_retry_exhausted: done", "max_retries expected a whole number of at least 1"],
    ["on_retry_exhausted: nowhere, max_retries: 1", 'on_retry_exhausted unknown state "nowhere"'],
    ["max_retries: 3", '"max_retries" needs "on_retry_exhausted" beside it'],
    ["on_retry_exhausted: done", '"on_retry_exhausted" needs "max_retries" beside it'],
  ])("is refused for a wrong field of a state: %s", (field, expected) => {
    expect(problems(withState(field)).join("\n")).toContain(
      `states.check.${expected}`.replace(/^states\.check\.(?=["D])/, ""),
    );
  });

  it("is refused for a state that is no mapping, and for one that leads nowhere", () => {
    const text =
      "name: x\ninitial: a\nstates:\n  a: {on_yes: b, on_no: c, on_error: d}\n  b: text\n  c:\n  d: {terminal: true}\n";
    expect(problems(text)).toEqual([
      '5:6 states.b expected a mapping with the fields of a state; found the text "text".',
      expect.stringMatching(/^6:3 states\.c nothing says where the loop goes from here\. Add "next"/),
    ]);
  });

  it("is refused for an initial state that it does not have", () => {
    expect(problems(FIX.replace("initial: check", "initial: chekc"))).toEqual([
      '2:10 initial unknown state "chekc". Known states: check, fix, done. Did you mean "check"?',
    ]);
    expect(problems(FIX.replace("initial: check", "initial: ${context.first}"))[0]).toContain("initial unknown state");
  });

  it("is refused when no state is terminal", () => {
    expect(problems("name: x\ninitial: a\nstates:\n  a: {next: a}\n")).toEqual([
      expect.stringContaining("3:1 states no way out: no state is marked as the end."),
    ]);
  });

  it("B-39: is refused when with maintain it would start again where it ends", () => {
    const maintained = (text: string) => `maintain: true\n${text}`;
    expect(parseLoop(maintained(FIX)).warnings).toEqual([]);
    expect(problems(maintained(FIX.replace("initial: check", "initial: done")))).toContainEqual(
      expect.stringMatching(
        /^12:3 states\.done with "maintain" the loop would start again in "done", which is terminal/,
      ),
    );
    for (const target of ["done", "$current"]) {
      expect(problems(maintained(`${FIX}    on_maintain: ${target}\n`))).toEqual([
        expect.stringContaining(
          `14:18 states.done.on_maintain with "maintain" the loop would start again in "${target}"`,
        ),
      ]);
    }
    expect(parseLoop(maintained(`${FIX}    on_maintain: \${context.x}\n`)).warnings).toEqual([]);
  });

  it("does not report a second time what follows from a wrong target", () => {
    expect(problems(FIX.replace("next: check", "next: chekc"))).toHaveLength(1);
    expect(problems(FIX.replace("on_no: fix", "on_no: repair_it_all"))).toHaveLength(1);
  });

  it("B-13: is refused for a name that would lead out of its directory", () => {
    for (const name of ["../evil", "a/b", "..", "a\\b", ".hidden", "x".repeat(300)]) {
      expect(problems(FIX.replace("name: fix", `name: '${name}'`))[0]).toMatch(/^1:7 name not a name for a loop: /);
    }
    expect(problems(FIX.replace("name: fix", 'name: "a\\0b"'))[0]).toMatch(/control characters/);
  });

  it("is refused for names of states that routing gives another meaning, and for __proto__ anywhere", () => {
    expect(problems(FIX.replace("  fix:", "  $current:"))[1]).toContain("stands for the state itself");
    expect(problems(withTop("context: {a: {__proto__: {x: 1}}}"))).toEqual([
      '1:15 context.a.__proto__ "__proto__" cannot be used as a name; rename it',
    ]);
  });

  it.each(["context: {n: .nan}", "context: {n: [1, .inf]}"])(
    "is refused for a number that cannot be stored: %s",
    (field) => {
      expect(problems(withTop(field))[0]).toContain("cannot be stored; use text");
    },
  );
});

describe("what is not built", () => {
  it.each([
    ["agent: x", "agent"],
    ["tools: [x]", "tools"],
    ["type: learning", "type"],
    ["learning: {targets: [a]}", "learning"],
    ["throttle: {normal_max: 1}", "throttle"],
    ["on_throttle_hard: done", "on_throttle_hard"],
    ["max_rate_limit_retries: 3", "max_rate_limit_retries"],
    ["on_rate_limit_exhausted: done", "on_rate_limit_exhausted"],
    ["evaluate: {type: harbor_scorer}", "evaluate.type"],
  ])("B-49: is refused in a state: %s", (field, where) => {
    expect(problems(withState(field))).toEqual([
      expect.stringMatching(`^4:\\d+ states\\.check\\.${where} this version does not support `),
    ]);
  });

  it("is no error where it is switched off", () => {
    expect(warnings(withTop("from: null\nimport: false"))).toEqual([]);
  });
});

describe("warnings", () => {
  it("tell of unknown fields, with what was probably meant", () => {
    expect(warnings(withTop("max_iteration: 5"))).toEqual([
      '1:1 max_iteration unknown field "max_iteration" has no effect. Did you mean "max_iterations"?',
    ]);
    expect(warnings(withState("on_falure: done, evaluate: {type: exit_code, sorce: x}"))).toEqual([
      '4:25 states.check.on_falure this leads somewhere only on the verdict "falure". Did you mean "on_failure"?',
      '4:70 states.check.evaluate.sorce unknown field "sorce" has no effect. Did you mean "source"?',
    ]);
  });

  it.each([
    ["on_no: done", "next: done", "on_no", '"next" always wins'],
    ["route: {_: done}", "next: done", "route", '"next" always wins'],
    ["on_yes: done", "route: {_: done}", "on_yes", 'the "route" table wins'],
    ["on_verdict: {stall: done}", "route: {_: done}", "on_verdict", 'the "route" table wins'],
    ["evaluate: {type: exit_code}", "next: done", "evaluate", '"next" always wins'],
    ["evaluate: {type: exit_code}, loop: x", "on_yes: done", "evaluate", "how the child loop ended is the verdict"],
    ["capture: x, loop: x", "on_yes: done", "capture", "what the child loop captures is kept under the name"],
    ["timeout: 5, loop: x", "on_yes: done", "timeout", "it is for actions; a child loop has its own"],
    ["context_passthrough: true", "next: done", "context_passthrough", 'there is no "loop" to pass it to'],
    ["action_type: prompt", "next: done", "action_type", 'there is no "action"'],
    ["on_maintain: done", "next: done", "on_maintain", "only a terminal state starts a loop again"],
  ])("tell of a field that another one overrules: %s beside %s", (field, routing, path, reason) => {
    const at = expect.stringContaining(`states.check.${path} "${path}" has no effect: ${reason}`);
    expect(warnings(withState(field, routing))).toEqual([at]);
  });

  it("tell of fields that only describe, which change nothing", () => {
    const text = withTop(`category: quality
labels: [a]
commands: [{cmd: make, comment: builds}]
targets: [{glob: "*.yaml"}]
config: {handoff_threshold: 50}`);
    expect(warnings(text).map((warning) => warning.split(" ")[1])).toEqual(
      "category labels commands targets config".split(" "),
    );
    expect(parseLoop(text).definition).toEqual(parseLoop(withTop("")).definition);
  });

  it("tell of kinds of actions that nobody registered, which are then told by how the action begins", () => {
    const text = withState("action: x, action_type: shel");
    expect(warnings(text)).toEqual([
      '4:49 states.check.action_type unknown action type "shel" has no effect. Known: shell, prompt, slash_command, mcp_tool. ' +
        'Did you mean "shell"? One of the program\'s own has to be named: { actionTypes: ["shel"] }.',
    ]);
    expect(parseLoop(text).definition.states["check"]).toEqual({ on_yes: "done", action: "x" });
  });

  it("tell of states that nothing leads to, and of those without a way out, which run as they did", () => {
    const text =
      "name: x\ninitial: a\nstates:\n  a: {on_yes: z, on_no: b}\n  b: {next: c}\n  c: {next: b}\n  d: {next: z}\n  z: {terminal: true}\n";
    expect(warnings(text)).toEqual([
      '7:3 states.d unreachable: no route from "a", where the loop begins, leads here. Route a state to it, or remove it.',
      "5:3 states.b no way out: once in any of b, c, the loop can never reach a terminal state (z). Route one of them there.",
    ]);
  });

  it("tell of a second name for a field that is there", () => {
    expect(warnings(withState("on_success: check"))).toEqual([
      '4:25 states.check.on_success "on_success" has no effect: it is another name for "on_yes", which is there too. Remove one.',
    ]);
  });

  it("do not tell of on_error beside next, which a killed action still takes", () => {
    expect(warnings(withState("on_error: done", "next: done"))).toEqual([]);
  });

  it("tell of what a terminal state never does", () => {
    const text = withState("").replace("terminal: true", "terminal: true, action: echo, next: check");
    expect(warnings(text).map((warning) => warning.split(" ")[1])).toEqual(["states.done.action", "states.done.next"]);
  });

  it("tell of on_maintain in a loop that ends, and of a child loop after which nothing is said", () => {
    expect(warnings(withState("").replace("terminal: true", "terminal: true, on_maintain: check"))).toEqual([
      expect.stringContaining('states.done.on_maintain "on_maintain" has no effect: the loop has no "maintain: true"'),
    ]);
    expect(warnings(withState("loop: child", "")).map((warning) => warning.slice(0, 60))).toContain(
      "4:3 states.check nothing says where the loop goes from here.",
    );
  });

  it("tell of targets of evaluators that can be no number", () => {
    const target = (value: string) => withState(`evaluate: {type: output_numeric, operator: eq, target: ${value}}`);
    expect(warnings(target("ten"))).toEqual([
      expect.stringContaining("states.check.evaluate.target this is neither a number nor a template"),
    ]);
    for (const number of ["'10'", "' 1_0.5e3 '", "-inf", "'${context.x}'"])
      expect(warnings(target(number))).toEqual([]);
  });

  it("tell of routes that no verdict takes, and of patterns that are no regular expression", () => {
    expect(warnings(withState("", "route: {_: done, _errror: done}"))).toEqual([
      expect.stringContaining('4:28 states.check.route._errror no verdict begins with "_"'),
    ]);
    expect(warnings(withState('evaluate: {type: output_contains, pattern: "0 errors ("}'))).toEqual([
      expect.stringContaining("states.check.evaluate.pattern this is not a regular expression that works here"),
    ]);
  });
});

describe("a file", () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "loops-load-"));
  });
  afterEach(() => rm(directory, { recursive: true }));

  const refused = (path: string) =>
    loadLoop(path).then(
      () => expect.unreachable("the file was accepted"),
      (error: LoopDefinitionError) => error,
    );
  const write = async (content: string | Uint8Array) => {
    const path = join(directory, "fix.yaml");
    await writeFile(path, content);
    return path;
  };

  it("is read like text", async () => {
    expect(await loadLoop(await write(FIX))).toEqual(parseLoop(FIX));
    expect(await loadLoop(await write(`\uFEFF${FIX.replaceAll("\n", "\r\n")}`))).toEqual(parseLoop(FIX));
  });

  it("that does not exist is LOOPS_LOOP_NOT_FOUND, with where it was looked for", async () => {
    for (const path of [join(directory, "no.yaml"), join(await write(FIX), "below")]) {
      const error = await refused(path);
      expect(error.code).toBe("LOOPS_LOOP_NOT_FOUND");
      expect(error.message).toContain(`there is no file ${path}`);
      expect(error.cause).toBeDefined();
    }
  });

  it("that is a directory or a device is LOOPS_LOOP_NOT_FOUND", async () => {
    expect(await refused(directory)).toMatchObject({
      code: "LOOPS_LOOP_NOT_FOUND",
      message: `${directory} is a directory; name the loop's YAML file itself`,
    });
    expect((await refused("/dev/zero")).message).toContain("not a regular file");
  });

  it("whose path is impossible is LOOPS_LOOP_READ", async () => {
    expect(await refused("a\0b")).toMatchObject({ code: "LOOPS_LOOP_READ" });
  });

  it("that is no text, or too much of it, is LOOPS_LOOP_YAML", async () => {
    expect(await refused(await write(new Uint8Array([0x6e, 0xff, 0xfe])))).toMatchObject({
      code: "LOOPS_LOOP_YAML",
      message: expect.stringContaining("this is not text in UTF-8"),
    });
    expect(await refused(await write("#".repeat(1024 * 1024 + 1)))).toMatchObject({
      code: "LOOPS_LOOP_YAML",
      message: expect.stringContaining("1048577 bytes are too many: a loop has at most 1048576"),
    });
  });

  it("that is wrong is named by its path, with line and column", async () => {
    const path = await write(FIX.replace("on_no: fix", "on_no: fxi"));
    expect((await refused(path)).message).toContain(`${path}:7:12 states.check.on_no: unknown state "fxi"`);
  });
});
