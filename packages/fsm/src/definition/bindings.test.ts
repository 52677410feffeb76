// biome-ignore-all lint/suspicious/noTemplateCurlyInString: templates of loops

import { describe, expect, it } from "vitest";
import type { FileRequest } from "./expansion.js";
import { parseLoop } from "./load.js";
import type { LoopDefinitionError } from "./problem.js";

const CHILD = `name: child
initial: a
parameters:
  text: {type: string, required: true, description: what to say}
  whole: {type: integer, default: 3}
  part: {type: number}
  flag: {type: boolean}
  kind: {type: enum, values: [fast, slow, 3]}
  where: {type: path, default: ""}
states: {a: {terminal: true}}
`;
const withBindings = (fields: string) =>
  `name: x\ninitial: a\nstates:\n  a: {loop: child, next: done, ${fields}}\n  done: {terminal: true}\n`;

const load = (text: string, files: Readonly<Record<string, string>> = { child: CHILD }) =>
  parseLoop(text, {
    read({ name }: FileRequest) {
      const text = files[name];
      if (text === undefined) throw new Error("it is not there");
      return { file: `${name}.yaml`, text };
    },
  });

function problems(text: string, files?: Readonly<Record<string, string>>): string[] {
  try {
    load(text, files);
  } catch (error) {
    return (error as LoopDefinitionError).problems.map(
      ({ line, column, path, message }) => `${line}:${column} ${path} ${message}`,
    );
  }
  return [];
}

describe("parameters", () => {
  it("are part of a definition, with empty text as a default, and without warnings", () => {
    const { definition, warnings } = parseLoop(CHILD);
    expect(warnings).toEqual([]);
    expect(definition.parameters).toEqual({
      text: { type: "string", required: true, description: "what to say" },
      whole: { type: "integer", default: 3 },
      part: { type: "number" },
      flag: { type: "boolean" },
      kind: { type: "enum", values: ["fast", "slow", 3] },
      where: { type: "path", default: "" },
    });
  });

  it.each([
    ["{type: text}", "parameters.p.type", "expected one of string, integer, number, boolean, enum, path"],
    ["{required: true}", "parameters.p.type", '"type" is required'],
    ["string", "parameters.p", "expected a mapping with type, required"],
    ["{type: enum}", "parameters.p", 'a parameter of the type enum needs "values"'],
    ["{type: enum, values: []}", "parameters.p.values", "expected at least one value"],
    ["{type: string, required: yes, default: x}", "parameters.p.default", 'what is required needs no "default"'],
  ])("refuses %s", (parameter, path, message) => {
    const [first] = problems(`name: x\ninitial: a\nparameters: {p: ${parameter}}\nstates: {a: {terminal: true}}\n`);
    expect(first).toMatch(/^3:\d+ /);
    expect(first).toContain(`${path} ${message}`);
  });
});

describe("with", () => {
  it("is kept as it is written", () => {
    const { definition, warnings } = load(
      withBindings('with: {text: "${context.input}", whole: 5, part: 1.5, flag: off, kind: 3, where: /tmp}'),
    );
    expect(warnings).toEqual([]);
    expect(definition.states["a"]?.with).toEqual({
      text: "${context.input}",
      whole: 5,
      part: 1.5,
      flag: false,
      kind: 3,
      where: "/tmp",
    });
  });

  it.each([
    ["text: 5", "text", 'the parameter "text" of the loop "child" is text; found 5.'],
    ["text: yes", "text", 'the parameter "text" of the loop "child" is text; found true.'],
    ["text: x, whole: 1.5", "whole", 'the parameter "whole" of the loop "child" is a whole number; found 1.5.'],
    ["text: x, part: some", "part", 'the parameter "part" of the loop "child" is a number; found "some".'],
    ["text: x, flag: 1", "flag", 'the parameter "flag" of the loop "child" is true or false; found 1.'],
    ["text: x, kind: new", "kind", 'the parameter "kind" of the loop "child" is one of fast, slow, 3; found "new".'],
    ["text: x, txt: y", "txt", 'the loop "child" has no parameter "txt". It takes: text, whole, part'],
  ])("refuses what the child does not take: %s", (bindings, field, message) => {
    expect(problems(withBindings(`with: {${bindings}}`))).toEqual([
      expect.stringMatching(new RegExp(`^4:\\d+ states\\.a\\.with\\.${field} `)),
    ]);
    expect(problems(withBindings(`with: {${bindings}}`))[0]).toContain(message);
  });

  it("refuses to leave out what the child needs", () => {
    expect(problems(withBindings("with: {whole: 5}"))).toEqual([
      '4:32 states.a.with the loop "child" needs "text"; add it.',
    ]);
  });

  it("takes what the child has inherited for its own, and anything where it declares nothing", () => {
    const files = { child: "from: base\nname: child", base: CHILD };
    expect(problems(withBindings("with: {text: 5}"), files)[0]).toContain("is text; found 5.");
    expect(problems(withBindings("with: {any: 5}"), { child: "name: child" })).toEqual([]);
  });

  it("is not checked where the child is not there, not right, or not known yet", () => {
    for (const child of [undefined, "a: b: c", "- 1", "parameters: {a: {type: x}}", "from: nowhere", "from: child"]) {
      expect(problems(withBindings("with: {any: 5}"), child === undefined ? {} : { child })).toEqual([]);
    }
    const dynamic = withBindings("with: {any: 5}").replace("loop: child", 'loop: "${context.loop}"');
    expect(problems(dynamic)).toEqual([]);
  });

  it("needs a loop, and is not for one that is given everything", () => {
    expect(problems(withBindings("with: {text: a}").replace("loop: child", "action: x"))).toEqual([
      expect.stringContaining('states.a.with "with" is for a child loop, and there is no "loop" here'),
    ]);
    expect(problems(withBindings("with: {text: a}, context_passthrough: true"))).toEqual([
      expect.stringContaining('states.a.with a child loop is given either values "with" their names, or all'),
    ]);
  });

  it("warns of templates in it that cannot be filled in", () => {
    const { warnings } = load(withBindings('with: {text: "${contxt.input}"}'));
    expect(warnings.map(({ path }) => path)).toEqual(["states.a.with.text"]);
  });
});
