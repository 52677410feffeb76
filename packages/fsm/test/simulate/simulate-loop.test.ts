import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import {
  type LoopDefinition,
  parseLoop,
  type ScenarioFunction,
  type ScenarioName,
  type SimulateLoopOptions,
  scenarioNames,
  simulateLoop,
} from "../../src/index.js";
import { scratch } from "../actions/support.js";

const loop = (text: string) => parseLoop(text, { actionTypes: ["function"], evaluators: ["coverage"] }).definition;
const simulate = (text: string, scenario?: ScenarioName | ScenarioFunction, more: Partial<SimulateLoopOptions> = {}) =>
  simulateLoop({ definition: loop(text), scenario, ...more });
const verdicts = ({ events }: Awaited<ReturnType<typeof simulateLoop>>) =>
  events.flatMap((event) => (event.event === "evaluate" ? [event.verdict] : []));

const checkAndFix = `
name: check-and-fix
initial: check
backoff: 3600
states:
  check: { action: npm test, on_yes: done, on_no: fix, on_error: broken }
  fix: { action: "claude -p '\${prev.output:shell}'", next: check }
  done: { terminal: true }
  broken: { terminal: true }
`;

describe("B-27: a simulation", () => {
  it("does nothing to the world, though its actions, evaluators and child loops would", () => {
    const cwd = scratch();
    const definition = loop(`
name: destructive
initial: shell
backoff: 60
timeout: 1
on_handoff: spawn
states:
  shell: { action: "touch ran; echo FATAL_ERROR: x", capture: out, on_yes: prompt, on_no: prompt }
  prompt: { action: "/do it", on_yes: tool, on_no: tool }
  tool: { action: files/write, action_type: mcp_tool, params: { path: ran }, route: { success: git, _: git } }
  git: { action: touch ran, evaluate: { type: diff_stall }, on_yes: model, on_no: model }
  model: { action: touch ran, evaluate: { type: llm_structured, prompt: fine? }, on_yes: custom, on_no: custom }
  custom: { action: deploy, action_type: function, evaluate: { type: coverage }, on_yes: child, on_no: child }
  child: { loop: child, on_yes: done, on_no: done }
  done: { terminal: true }
`);
    const child = loop(
      "name: child\ninitial: a\nbackoff: 9\nstates: {a: {action: touch ran, on_yes: b, on_no: a}, b: {terminal: true}}",
    );
    for (const scenario of ["all-pass", "first-fail"]) {
      const said = watched({ definition, children: { child }, scenario }, cwd);
      expect(said).toMatchObject({ final_state: "done", iterations: 7, terminated_by: "terminal", reached: [] });
      expect(said["seconds"]).toBeLessThan(2);
    }
    expect(readdirSync(cwd)).toEqual([]);
  });

  it("would be found out if it did: a real run is", () => {
    const definition = loop("name: a\ninitial: a\nstates: {a: {action: touch ran, next: b}, b: {terminal: true}}");
    const cwd = scratch();
    const { reached } = watched({ definition, children: {}, real: true }, cwd);
    expect(reached).toEqual(expect.arrayContaining(["child_process.spawn", "fs.openSync", "setTimeout"]));
    expect(readdirSync(cwd)).toEqual(["ran"]);
  });

  function watched(given: object, cwd: string): Readonly<Record<string, unknown>> {
    const fixture = fileURLToPath(new URL("../fixtures/simulate-watched.mjs", import.meta.url));
    return JSON.parse(execFileSync(process.execPath, [fixture, JSON.stringify(given)], { cwd, encoding: "utf8" }));
  }
});

describe("a scenario", () => {
  it.each<[ScenarioName, readonly string[], string, string]>([
    ["all-pass", ["yes"], "terminal", "done"],
    ["all-fail", Array(10).fill("no"), "max_iterations", "check"],
    ["all-error", ["error"], "terminal", "broken"],
    ["first-fail", ["no", "yes"], "terminal", "done"],
    // The check fails, the fix passes, and so on.
    ["alternating", Array(10).fill("no"), "max_iterations", "check"],
  ])("%s", async (scenario, expected, terminated_by, final_state) => {
    const result = await simulate(checkAndFix, scenario);
    expect(verdicts(result)).toEqual(expected);
    expect(result).toMatchObject({ terminated_by, final_state, duration_ms: 0 });
  });

  it("is all-pass where nothing is said", async () => {
    expect((await simulate(checkAndFix)).iterations).toBe(1);
    expect(scenarioNames).toHaveLength(5);
  });

  it("may be a function of the state and the number of the answer, which says an exit code or a verdict", async () => {
    const asked: unknown[] = [];
    const result = await simulate(checkAndFix, (state, n) => {
      asked.push([state, n]);
      return n < 4 ? 1 : { verdict: "error" };
    });
    expect(asked).toEqual([
      ["check", 1],
      ["fix", 2],
      ["check", 3],
      ["fix", 4],
      ["check", 5],
    ]);
    expect(verdicts(result)).toEqual(["no", "no", "error"]);
    const codes = result.events.flatMap((event) => (event.event === "action_complete" ? [event.exit_code] : []));
    expect(codes).toEqual([1, 1, 1, 2, 2]);
  });

  it.each<[unknown, RegExp]>([
    ["all-pas", /give one of all-pass, .*Did you mean "all-pass"\?/],
    ["constructor", /give one of/],
    [3, /scenario is 3/],
    [() => "yes", /answered 'yes' for the state "check": give an exit code, or \{ verdict \}/],
    [() => ({ verdict: "" }), /answered/],
    [() => 0.5, /answered 0\.5/],
  ])("that is none is refused: %s", async (scenario, message) => {
    await expect(simulate(checkAndFix, scenario as never)).rejects.toMatchObject({
      code: "LOOPS_CONFIG",
      message: expect.stringMatching(message),
    });
  });

  it("whose function throws ends the simulation with that", async () => {
    const error = new Error("not prepared for this");
    await expect(
      simulate(checkAndFix, () => {
        throw error;
      }),
    ).rejects.toBe(error);
  });
});

describe("what is simulated", () => {
  it("says which action it stands for, with its templates filled in, after no time", async () => {
    const { events, captured } = await simulate(`
name: a
initial: a
context: { who: world }
states:
  a: { action: "echo \${context.who}\\nsleep 100", capture: said, next: b }
  b: { terminal: true }
`);
    expect(captured["said"]).toEqual({
      output: "[simulated output for: echo world\nsleep 100]",
      stderr: "",
      exit_code: 0,
      duration_ms: 0,
    });
    const lines = events.flatMap((event) => (event.event === "action_output" ? [event.line] : []));
    expect(lines).toEqual(["[simulated output for: echo world", "sleep 100]"]);
  });

  it("is looked at by evaluators of values, as the original's are", async () => {
    const states = (evaluate: string) =>
      `name: a\ninitial: a\nstates: {a: {action: run tests, evaluate: ${evaluate}, on_yes: b, on_no: b, on_error: b}, b: {terminal: true}}`;
    const said = async (evaluate: string) => verdicts(await simulate(states(evaluate), "all-fail"));
    expect(await said("{type: output_contains, pattern: 'simulated .* tests'}")).toEqual(["yes"]);
    expect(await said("{type: output_numeric, operator: eq, target: 0}")).toEqual(["error"]);
    expect(await said("{type: output_json, path: a, operator: eq, target: 0}")).toEqual(["error"]);
    expect(await said("{type: exit_code}")).toEqual(["no"]);
  });

  it.each<[string, readonly [pass: string, fail: string, error: string]]>([
    ["action: /ask", ["yes", "no", "error"]],
    ["action: s/t, action_type: mcp_tool", ["success", "tool_error", "tool_error"]],
    ["action: x, evaluate: {type: diff_stall}", ["yes", "no", "error"]],
    ["evaluate: {type: llm_structured, prompt: done?}", ["yes", "no", "error"]],
    ["action: x, evaluate: {type: coverage}", ["yes", "no", "error"]],
  ])("is judged by the scenario where an evaluator would look at the world: %s", async (state, expected) => {
    const text = `name: a\ninitial: a\nstates: {a: {${state}, route: {_: b}}, b: {terminal: true}}`;
    const scenarios = ["all-pass", "all-fail", "all-error"] as const;
    const said = await Promise.all(scenarios.map((scenario) => simulate(text, scenario)));
    expect(said.flatMap(verdicts)).toEqual(expected);
    expect(said[0]?.events.find(({ event }) => event === "evaluate")).toMatchObject({ simulated: true });
  });

  it("knows that a loop has turned models off", async () => {
    const text =
      "name: a\ninitial: a\nllm: {enabled: false}\nstates: {a: {action: /ask, route: {_: b}}, b: {terminal: true}}";
    expect(verdicts(await simulate(text))).toEqual(["error"]);
  });

  it("does not take the words of an action for a signal", async () => {
    const text =
      "name: a\ninitial: a\nstates: {a: {action: 'say FATAL_ERROR: no, or CONTEXT_HANDOFF: x', next: b}, b: {terminal: true}}";
    expect(await simulate(text)).toMatchObject({ final_state: "b", terminated_by: "terminal" });
  });

  it("are the child loops too, with the scenario counting on", async () => {
    const parent =
      "name: parent\ninitial: a\nstates: {a: {loop: child, on_yes: b, on_no: c}, b: {terminal: true}, c: {action: x, on_yes: b, on_no: a}}";
    const child = loop(
      "name: child\ninitial: a\nbackoff: 60\nstates: {a: {action: y, on_yes: b, on_no: a}, b: {terminal: true}}",
    );
    const { events, iterations } = await simulate(parent, "first-fail", { resolveLoop: (): LoopDefinition => child });
    expect(iterations).toBe(1);
    const ofChild = events.filter(({ depth }) => depth === 1);
    expect(ofChild.filter(({ event }) => event === "action_complete")).toMatchObject([
      { exit_code: 1 },
      { exit_code: 0 },
    ]);
  });

  it("ends after 20 iterations, or as many as are asked for, and never after more than the loop allows", async () => {
    const text =
      "name: a\ninitial: a\nmax_iterations: 30\nstates: {a: {action: x, on_yes: a, on_no: b}, b: {terminal: true}}";
    expect(await simulate(text)).toMatchObject({ iterations: 20, terminated_by: "max_iterations" });
    expect(await simulate(text, "all-pass", { maxIterations: 3 })).toMatchObject({ iterations: 3 });
    expect(await simulate(text, "all-pass", { maxIterations: 300 })).toMatchObject({ iterations: 30 });
    await expect(simulate(text, "all-pass", { maxIterations: 0 })).rejects.toMatchObject({ code: "LOOPS_CONFIG" });
  });

  it("is told to the bus as it goes", async () => {
    const told: unknown[] = [];
    const { events } = await simulate(checkAndFix, "first-fail", { bus: { emit: (event) => void told.push(event) } });
    expect(told).toEqual(events);
  });
});
