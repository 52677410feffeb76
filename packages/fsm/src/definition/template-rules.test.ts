// biome-ignore-all lint/suspicious/noTemplateCurlyInString: templates of loops

import { describe, expect, it } from "vitest";
import { parseLoop } from "./load.js";
import { checkTemplates } from "./template-rules.js";

/** What is said of a template as the action of a state, in a loop where another state captures `lint`. */
const ofAction = (action: string) =>
  checkTemplates({ states: { a: { action }, b: { capture: "lint" }, c: { loop: "child" } } }).map(
    ({ message }) => message,
  );

describe("templates, when a loop is loaded", () => {
  it.each([
    "${context.anything} ${context.a.b} ${env.HOME}",
    "${captured.lint.output} ${captured.c.inner.output} ${captured.other.output:default=none}",
    "${prev.output} ${prev.exit_code} ${prev.state} ${result.verdict} ${result.details.matched}",
    "${state.name} ${state.iteration} ${loop.name} ${loop.started_at} ${loop.elapsed_ms} ${loop.elapsed}",
    "${context.x:shell} ${context.x:default=a:b} ${context.x:shell:default=}",
    "${HOME} ${x%.*} ${#list[@]} ${context} $HOME $(ls) ${} $${contxt.x} $${context.x",
    "awk '{ print $1 }' ${a[0]} ${x:-a.b}",
  ])("have nothing said of %s", (action) => {
    expect(ofAction(action)).toEqual([]);
  });

  it.each([
    [
      "${contxt.x}",
      '${contxt.x} is not filled in: there is no namespace "contxt". Did you mean "context"? If it is meant',
    ],
    [
      "${foo.bar}",
      'there is no namespace "foo". Known: context, captured, prev, result, state, loop, env. If it is meant',
    ],
    ["${context.y:shel}", 'there is no filter ":shel". Did you mean ":shell"? Use that, or begin with "$${"'],
    ["${context.y:defualt=1}", 'Did you mean ":default"? Use that'],
    ["${context.}", "nothing is named after the dot"],
    ["${context.x", "${context.x is never closed, so it is not filled in."],
    ["${captured.lnit.output}", 'there is no "lnit" in "captured". Known: lint, c. Did you mean "lint"?'],
    ["${prev.outptu}", 'there is no "outptu" in "prev". Known: output, exit_code, state. Did you mean "output"?'],
    ["${state.iter}", 'there is no "iter" in "state"'],
    ["${loop.id}", 'there is no "id" in "loop"'],
  ])("are warned of: %s", (action, message) => {
    expect(ofAction(action)).toEqual([expect.stringContaining(message)]);
  });

  it("are looked at in every field that is one, and have their place", () => {
    const text = `name: x
initial: a
states:
  a:
    action: s/t
    action_type: mcp_tool
    params: {deep: [{x: "\${contxt.p}"}]}
    evaluate: {type: convergence, target: "\${contxt.t}", previous: "\${contxt.v}", tolerance: "\${contxt.o}", source: "\${contxt.s}"}
    route: {target: "\${contxt.r}", _: b}
  b: {action: x, evaluate: {type: llm_structured, prompt: "\${contxt.q}"}, on_yes: "\${contxt.y}", on_stall: "\${contxt.z}"}
  c: {loop: "\${contxt.l}", next: "\${contxt.n}"}
  z: {terminal: true}
`;
    const places = parseLoop(text).warnings.map(({ path, line }) => `${line} ${path}`);
    expect(places).toEqual([
      "7 states.a.params.deep.0.x",
      "9 states.a.route.target",
      "8 states.a.evaluate.source",
      "8 states.a.evaluate.target",
      "8 states.a.evaluate.previous",
      "8 states.a.evaluate.tolerance",
      "10 states.b.on_yes",
      "10 states.b.on_stall",
      "10 states.b.evaluate.prompt",
      "11 states.c.loop",
      "11 states.c.next",
    ]);
  });

  it("are not looked for where there are none: patterns, and targets of output_json", () => {
    const states = {
      a: { evaluate: { type: "output_contains", pattern: "${contxt.x}" } },
      b: { evaluate: { type: "output_json", path: "${contxt.x}", operator: "eq", target: "${contxt.x}" } },
    };
    expect(checkTemplates({ states })).toEqual([]);
  });

  it("take linear time, whatever they are", () => {
    for (const piece of ["${context.x", "${a.b", "$${", "${", "${a.b:"]) ofAction(piece.repeat(100_000));
    expect(ofAction("${contxt.x}".repeat(10_000))).toHaveLength(1);
  });
});
