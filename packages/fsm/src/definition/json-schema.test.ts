import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { type JsonSchema, loopJsonSchema } from "./json-schema.js";
import { parseLoop } from "./load.js";
import type { LoopExtensions } from "./schema.js";

const VALID = `name: all
description: has everything
initial: a
context: {files: [a, b], n: 1}
scope: [src]
max_iterations: 7
backoff: 0.5
timeout: 60
default_timeout: 0
maintain: yes
llm: {enabled: off, model: opus}
on_handoff: spawn
max_edge_revisits: 9
input_key: target
category: quality
states:
  a:
    action: make
    action_type: shell
    evaluate: {type: output_contains, pattern: 3, negate: on, source: "\${captured.x.output}"}
    on_success: b
    on_failure: \${context.next}
    on_stall: $current
    on_verdict: {target: b}
    capture: x
    timeout: 0
    max_retries: 2
    on_retry_exhausted: b
  b: {action: s/t, action_type: mcp_tool, params: {a: [1]}, route: {success: c, _: a}}
  c: {evaluate: {type: convergence, target: "\${context.n}", tolerance: 0.1, direction: minimize}, on_target: d, on_no: a}
  d: {evaluate: {type: output_json, path: .a, operator: eq, target: true}, on_yes: e, on_no: a}
  e: {evaluate: {type: llm_structured, schema: {type: object}, min_confidence: 0.9}, on_yes: f, on_no: g}
  f: {evaluate: {type: diff_stall, scope: [src], max_stall: 2}, on_yes: g, on_no: g}
  g: {evaluate: {type: output_numeric, operator: lt, target: 3}, on_yes: h, on_no: h}
  h: {loop: child, context_passthrough: true, next: 1}
  1: {terminal: yes, on_maintain: a}
`;

/** What an editor says of a loop file: where, and nothing if it is right. */
function editorProblems(text: string, schema: JsonSchema = loopJsonSchema()): string[] {
  const validate = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true }).compile(schema);
  // As editors read it: YAML 1.2.
  validate(parse(text));
  return (validate.errors ?? []).map(({ instancePath }) => instancePath);
}

function loads(text: string, extensions?: LoopExtensions): boolean {
  try {
    parseLoop(text, { ...extensions });
    return true;
  } catch {
    return false;
  }
}

describe("loop.schema.json", () => {
  it("is what is generated from the schema that loads loops (vitest -u writes it anew)", async () => {
    const text = `${JSON.stringify(loopJsonSchema(), null, 2)}\n`;
    await expect(text).toMatchFileSnapshot("../../loop.schema.json");
  });

  it("describes every field that it knows", () => {
    const { properties, definitions } = loopJsonSchema() as Record<string, Record<string, JsonSchema>>;
    const state = definitions?.["statePart"]?.["properties"] as Record<string, JsonSchema>;
    const evaluators = state["evaluate"]?.["oneOf"] as { properties: Record<string, JsonSchema> }[];
    const fields = [properties ?? {}, state, ...evaluators.map((evaluator) => evaluator.properties ?? {})];
    const silent = fields.flatMap((of) =>
      Object.entries(of).flatMap(([name, { description }]) => (description || name === "type" ? [] : [name])),
    );
    expect(silent).toEqual([]);
    expect(evaluators).toHaveLength(9);
  });

  it("accepts a loop with every field, as people write them", () => {
    expect(loads(VALID)).toBe(true);
    expect(editorProblems(VALID)).toEqual([]);
  });

  it.each([
    ["name: all", "", ""],
    ["initial: a", "initial: [a]", "/initial"],
    ["max_iterations: 7", "max_iterations: 0", "/max_iterations"],
    ["max_iterations: 7", "max_iterations: soon", "/max_iterations"],
    ["backoff: 0.5", "backoff: -1", "/backoff"],
    ["timeout: 60", "timeout: 0", "/timeout"],
    ["scope: [src]", "scope: src", "/scope"],
    ["maintain: yes", "maintain: maybe", "/maintain"],
    ["on_handoff: spawn", "on_handoff: wait", "/on_handoff"],
    ["enabled: off", "max_tokens: 0", "/llm/max_tokens"],
    ["action: make", "action: [make]", "/states/a/action"],
    ["on_stall: $current", "on_stall: [a]", "/states/a/on_stall"],
    ["on_stall: $current", "on_throttle_hard: a", "/states/a"],
    ["on_retry_exhausted: b", "", "/states/a"],
    ["max_retries: 2", "max_retries: 0", "/states/a/max_retries"],
    ["type: output_contains", "type: output_contain", "/states/a/evaluate"],
    ["pattern: 3", "pattern: [a]", "/states/a/evaluate/pattern"],
    ["operator: lt", "operator: less", "/states/g/evaluate/operator"],
    ["min_confidence: 0.9", "min_confidence: 2", "/states/e/evaluate/min_confidence"],
    ["route: {success: c, _: a}", "route: {success: [c]}", "/states/b/route/success"],
    ["terminal: yes", "terminal: 5", "/states/1/terminal"],
    ["states:", "states: []\nelsewhere:", "/states"],
  ])("refuses, as loading does, %j changed to %j", (from, to, where) => {
    expect(VALID).toContain(from);
    const text = VALID.replace(from, to);
    expect(loads(text)).toBe(false);
    expect(editorProblems(text)).toContain(where);
  });

  it.each([
    ["action: make", "acton: make", "/states/a"],
    ["category: quality", "catgory: quality", ""],
    ["action_type: shell", "action_type: shel", "/states/a/action_type"],
    ["negate: on", "negated: on", "/states/a/evaluate"],
  ])("refuses what loading warns of: %j changed to %j", (from, to, where) => {
    const text = VALID.replace(from, to);
    expect(loads(text)).toBe(true);
    expect(editorProblems(text)).toContain(where);
  });

  const SHORT = `name: short
initial: a
import: [lib/common.yaml]
fragments: {retry: {max_retries: 3, evaluate: {pattern: ok}}}
parameters: {p: {type: enum, values: [a, 1], required: yes}, q: {type: path, default: ""}}
flow: [a, b?c:a, c]
state_defs: {a: {action: make, evaluate: {type: exit_code}}, b: {fragment: retry, evaluate: {negate: true}}}
`;
  const CHILD = `from: base
states: {a: {max_retries: 2, evaluate: {pattern: ok}}, b: {fragment: x, on_retry_exhausted: a}}
`;

  it("accepts what is put together from several files, of which it knows only this one", () => {
    expect(editorProblems(SHORT)).toEqual([]);
    expect(editorProblems(CHILD)).toEqual([]);
    expect(editorProblems(VALID.replace("    action: make", "    fragment: x").replace("max_retries: 2", ""))).toEqual(
      [],
    );
  });

  it.each([
    [SHORT, "flow: [a, b?c:a, c]", "", ""],
    [SHORT, "flow: [a, b?c:a, c]", "flow: []", "/flow"],
    [SHORT, "import: [lib/common.yaml]", "import: lib/common.yaml", "/import"],
    [SHORT, "{max_retries: 3,", "{max_retry: 3,", "/fragments/retry"],
    [SHORT, "{action: make,", "{acton: make,", "/state_defs/a"],
    [SHORT, "name: short", "", ""],
    [CHILD, "max_retries: 2", "max_retries: 0", "/states/a/max_retries"],
    [CHILD, "from: base", "from: [base]", "/from"],
    [CHILD, "from: base", "name: x\ninitial: a", "/states/a/evaluate"],
  ])("refuses what is wrong in what is put together: %#", (text, from, to, where) => {
    expect(text).toContain(from);
    expect(editorProblems(text.replace(from, to))).toContain(where);
  });

  it("knows the evaluators and kinds of actions that the program brings along", () => {
    const extensions: LoopExtensions = { evaluators: ["score"], actionTypes: ["fetch"] };
    const text = VALID.replace("action_type: shell", "action_type: fetch").replace(
      "{type: diff_stall, scope: [src], max_stall: 2}",
      "{type: score, by: {a: 1}}",
    );
    expect(loads(text, extensions)).toBe(true);
    expect(editorProblems(text, loopJsonSchema(extensions))).toEqual([]);
    expect(editorProblems(text)).toEqual(expect.arrayContaining(["/states/a/action_type", "/states/f/evaluate"]));
  });
});
