import * as fc from "fast-check";
import { describe, expect, expectTypeOf, it } from "vitest";
import type * as z from "zod";
import { checkDefinition } from "./check.js";
import { defineLoop } from "./define-loop.js";
import { parseLoop } from "./load.js";
import { LoopDefinitionError } from "./problem.js";
import { type LoopSchemas, schemasFor } from "./schema.js";
import type { EvaluatorConfig, LlmDefinition, LoopDefinition, StateDefinition } from "./types.js";

/** What the schema gives, which may be changed, as what a definition promises, which may not. */
type ReadonlyDeep<T> = T extends readonly (infer Item)[]
  ? readonly ReadonlyDeep<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: ReadonlyDeep<T[Key]> }
    : T;
type Output<Part extends Exclude<keyof LoopSchemas, "evaluators">> = ReadonlyDeep<z.output<LoopSchemas[Part]>>;

describe("the schema and the types", () => {
  it("agree field by field", () => {
    expectTypeOf<Omit<Output<"state">, "evaluate">>().toEqualTypeOf<Omit<StateDefinition, "evaluate">>();
    expectTypeOf<Omit<Output<"loop">, "states">>().toEqualTypeOf<Omit<LoopDefinition, "states">>();
    expectTypeOf<Output<"llm">>().toEqualTypeOf<LlmDefinition>();
    expectTypeOf<Output<"state">>().toExtend<StateDefinition>();
    type Fields = { [Type in EvaluatorConfig["type"]]: keyof Extract<EvaluatorConfig, { type: Type }> };
    type Known = typeof import("./evaluator-schemas.js")["evaluatorSchemas"];
    expectTypeOf<{ [Type in keyof Known]: keyof z.output<Known[Type]> }>().toEqualTypeOf<Fields>();
  });
});

const stateNames = fc.constantFrom("a", "b", "done", "$current", "nope", "constructor", "__proto__", "", "\0");
const scalars = fc.oneof(
  fc.string(),
  fc.double(),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  stateNames,
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a template of a loop
  fc.constantFrom("${context.x}", "yes", "off", "shell", "mcp_tool", "exit_code", "convergence", "score", "eq", "(a"),
);
const anything = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    scalars,
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.oneof(stateNames, fc.string()), tie("value"), { maxKeys: 3 }),
  ),
})).value;

const { loop, state, evaluators, llm } = schemasFor({ evaluators: ["score"] });
const evaluatorFields = [...new Set([...evaluators.values()].flatMap((schema) => Object.keys(schema.shape)))];
const some = (fields: readonly string[], value: fc.Arbitrary<unknown> = anything) =>
  fc.dictionary(fc.oneof(fc.constantFrom(...fields), fc.constantFrom("on_x", "with", "x")), value, { maxKeys: 6 });
const states = fc.dictionary(
  stateNames,
  fc.oneof(
    fc.constant({ terminal: true }),
    some(
      [...Object.keys(state.shape), "on_success", "on_failure"],
      fc.oneof(anything, some(evaluatorFields), stateNames),
    ),
    anything,
  ),
);
/** Loops with anything anywhere, so that each is wrong in its own way, and a few are right. */
const loops = fc
  .tuple(
    some(Object.keys(loop.shape), fc.oneof(anything, some(Object.keys(llm.shape)))),
    fc.record({ name: fc.constantFrom("x", ".."), initial: stateNames }),
    states,
  )
  .map(([fields, required, states]) => ({ ...fields, ...required, states }));

const numRuns = process.env["LOOPS_LONG"] === "1" ? 10_000 : 300;

function onlyItsOwnError(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    expect(error).toBeInstanceOf(LoopDefinitionError);
    const { problems, message } = error as LoopDefinitionError;
    expect(problems.some(({ severity }) => severity === "error")).toBe(true);
    expect(message.length).toBeLessThan(50_000);
  }
}

describe("checking a loop", () => {
  it("throws nothing but its own error, whatever is where, in code and in files", () => {
    fc.assert(
      fc.property(fc.oneof(loops, anything), (value) => {
        onlyItsOwnError(() => defineLoop(value as never));
        onlyItsOwnError(() => parseLoop(JSON.stringify(value) ?? ""));
      }),
      { numRuns },
    );
  });

  it("throws nothing but its own error for any text", () => {
    const pieces = fc.constantFrom(
      ..."name: x|initial: a|states:|  a: {next: b}|  b: {terminal: yes}|&a |*a|<<: *a|? |- |: |{|}|[|]|!!int |!x |'|\"|\n|\t|  |#|--- |%YAML 1.1\n|~|1:30|\0|é".split(
        "|",
      ),
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 30 }), (parts) => onlyItsOwnError(() => parseLoop(parts.join("")))),
      { numRuns },
    );
  });

  it("accepts its own definitions, and changes nothing in them", () => {
    fc.assert(
      fc.property(loops, (value) => {
        const { definition } = checkDefinition(value);
        if (definition === null) return;
        expect(checkDefinition(definition).definition).toEqual(definition);
        expect(JSON.parse(JSON.stringify(definition))).toEqual(definition);
      }),
      { numRuns },
    );
  });

  it.each([
    ["a list in itself", "context: {a: &a [*a]}", "context.a.0: this is part of itself, without end"],
    ["a list that is in itself many times", "context: {a: &a [*a, *a, *a, *a]}", "this is part of itself"],
    ["a mapping in itself", "states: &s {a: *s}", "states.a: this is part of itself"],
    ["a merge of itself", "states: &s {<<: *s}", "an alias cannot be resolved"],
    ["ten megabytes", `context: "${"x".repeat(10_000_000)}"`, "bytes are too many"],
    ["ten thousand levels", `context: ${"[".repeat(10_000)}`, "nested deeper than 200 levels"],
    ["a hundred and fifty levels", `context: ${"[".repeat(150)}${"]".repeat(150)}`, "nested deeper than 100 levels"],
  ])("refuses %s with one clear error", (_what, field, message) => {
    expect(() => parseLoop(`name: x\ninitial: a\n${field}\n`)).toThrow(message);
  });

  it("refuses data that shares its parts without end, as code can", () => {
    let shared: unknown = ["x"];
    for (let depth = 0; depth < 60; depth++) shared = [shared, shared];
    const define = () =>
      defineLoop({ name: "x", initial: "a", context: { shared }, states: { a: { terminal: true } } });
    expect(define).toThrow("more than 1000000 values");
  });

  it("takes seconds at most for a file of the largest size, however much is wrong with it", () => {
    const state = (n: number) => `  s${n}: {action: "\${contxt.x}", on_yes: t${n}, on_n: 5, acton: x}\n`;
    const text = `name: x\ninitial: s0\nstates:\n${Array.from({ length: 5000 }, (_, n) => state(n)).join("")}`;
    const start = performance.now();
    expect(() => parseLoop(text)).toThrow("... and");
    expect(performance.now() - start).toBeLessThan(20_000);
  });
});

describe("a text that ends too early", () => {
  it.each([
    ["name: x\nstates: {a:\n\n\n", "2 | states: {a:"],
    ["name: 'x\n\n", "1 | name: 'x"],
    ["a: [1,\n", "1 | a: [1,"],
  ])("shows the last line that there is: %j", (text, excerpt) => {
    expect(() => parseLoop(text)).toThrow(`\n    ${excerpt}`);
  });
});
