import { describe, expect, it } from "vitest";
import {
  type CustomEvaluator,
  type EvaluatorInput,
  type ModelQuestion,
  memoryStore,
  type RunLoopOptions,
  resumeLoop,
  runLoop,
} from "../../src/index.js";
import { fakeRunner, recorder, signal } from "./harness.js";
import { killedAfter } from "./killed-run.js";
import { loopOf } from "./machines.js";

const done = { terminal: true };
const run = (definition: RunLoopOptions["definition"], more: Partial<RunLoopOptions> = {}) =>
  runLoop({ definition, store: memoryStore(), runner: fakeRunner(() => ({ output: "12" })), ...more });

describe("the evaluator of a state", () => {
  it("gets values: templates in its target are filled in, from captures of its own state too", async () => {
    const evaluate = { type: "output_numeric" as const, operator: "eq" as const, target: `\${captured.mine.output}` };
    const definition = loopOf({ a: { action: "work", capture: "mine", evaluate, on_yes: "done" }, done });
    expect(await run(definition)).toMatchObject({ status: "completed" });
  });

  it("of the program's own is asked by its type, with what it remembered of this state", async () => {
    const seen: Pick<EvaluatorInput, "text" | "memory">[] = [];
    const patience: CustomEvaluator = (config, { text, memory }) => {
      seen.push({ text, memory });
      const count = Number(memory?.["count"] ?? 0) + 1;
      return { verdict: count > Number(config["rounds"]) ? "yes" : "no", details: { count }, memory: { count } };
    };
    const evaluate = { type: "patience", rounds: 1, source: `\${prev.output:default=none}` };
    const state = { action: "work", evaluate, on_yes: "b", on_no: "a" };
    const definition = loopOf({ a: state, b: { ...state, on_yes: "done", on_no: "b" }, done });
    const bus = recorder();
    const store = memoryStore();
    await run(definition, { evaluators: { patience }, bus, store });
    expect(seen.map(({ memory }) => memory)).toEqual([null, { count: 1 }, null, { count: 1 }]);
    expect(seen.map(({ text }) => text)).toEqual(["none", "12", "12", "12"]);
    expect(bus.named("evaluate")).toMatchObject([
      { type: "patience", verdict: "no", count: 1 },
      { type: "patience", verdict: "yes", count: 2 },
      { verdict: "no", count: 1 },
      { verdict: "yes", count: 2 },
    ]);
    expect(await store.find("test-loop")).toMatchObject({ evaluator_memory: { a: { count: 2 }, b: { count: 2 } } });
  });

  it("B-24, B-32: remembers over a kill, in the state of the run", async () => {
    const evaluate = { type: "convergence" as const, target: 0 };
    const definition = loopOf({
      a: { action: "work", evaluate, route: { target: "done", progress: "a", stall: "b" } },
      b: { action: "give up", next: "done" },
      done,
    });
    const store = await killedAfter(4, { definition, runner: fakeRunner(() => ({ output: "7" })) });
    expect(await store.find("RUN")).toMatchObject({ evaluator_memory: { a: { value: 7 } } });
    const bus = recorder();
    await resumeLoop({ run: "RUN", store, bus, runner: fakeRunner(() => ({ output: "7" })) });
    expect(bus.named("evaluate").at(-1)).toMatchObject({ verdict: "stall", previous: 7 });
  });

  it("that throws or rejects ends the run with an error that says why", async () => {
    const definition = loopOf({ a: { action: "work", evaluate: { type: "mine" }, on_yes: "done" }, done });
    const thrown = () => {
      throw new Error("no idea");
    };
    for (const mine of [thrown, () => Promise.reject(new Error("no idea"))]) {
      expect((await run(definition, { evaluators: { mine } })).error).toMatchObject({ message: "no idea", state: "a" });
    }
  });

  it("that takes its time is waited for, and the timers go on meanwhile", async () => {
    const definition = loopOf({ a: { action: "work", evaluate: { type: "mine" }, on_yes: "done" }, done });
    const mine: CustomEvaluator = async () => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      return { verdict: "yes", details: {} };
    };
    expect(await run(definition, { evaluators: { mine } })).toMatchObject({ status: "completed" });
  });
});

it("B-26: a model is asked with what the loop says of it", async () => {
  const questions: ModelQuestion[] = [];
  const askModel = async (question: ModelQuestion) => {
    questions.push(question);
    return JSON.stringify({ verdict: "yes", confidence: 0.9, reason: "it is" });
  };
  const llm = { enabled: true, model: "small", max_tokens: 99, timeout: 7 };
  const prompt = `is \${context.what} done?`;
  const evaluate = { type: "llm_structured" as const, prompt };
  const definition = loopOf({ a: { action: "work", evaluate, on_yes: "done" }, done }, { llm });
  expect(await run(definition, { askModel, context: { what: "it" } })).toMatchObject({ status: "completed" });
  expect(questions).toMatchObject([{ model: "small", maxTokens: 99, timeoutMs: 7000 }]);
  expect(questions[0]?.prompt).toContain("is it done?");
});

it("differences in the working tree are those that the caller has", async () => {
  const asked: (readonly string[])[] = [];
  const diffStat = async (scope: readonly string[]) => {
    asked.push(scope);
    return "the same";
  };
  const evaluate = { type: "diff_stall" as const, scope: ["src"], max_stall: 2 };
  const definition = loopOf({ a: { action: "work", evaluate, on_yes: "a", on_no: "done" }, done });
  const result = await run(definition, { diffStat });
  expect(result).toMatchObject({ status: "completed", iterations: 3 });
  expect(asked).toEqual([["src"], ["src"], ["src"]]);
});

describe("B-21: stopped by force while the evaluator is asked", () => {
  it.each(["answers", "rejects"] as const)("the result stays, and is judged again: one that then %s", async (how) => {
    const force = new AbortController();
    const asked = signal();
    const hesitant: CustomEvaluator = (_config, input) =>
      new Promise((resolve, reject) => {
        asked.reach();
        const answer = { verdict: "no", details: {} };
        input.signal.addEventListener("abort", () => (how === "answers" ? resolve(answer) : reject(new Error("cut"))));
      });
    const evaluate = { type: "mine" };
    const definition = loopOf({ a: { action: "work", evaluate, on_yes: "done", on_no: "a" }, done });
    const store = memoryStore();
    const bus = recorder();
    const runner = fakeRunner();
    const options = { definition, store, bus, runner, newRunId: () => "RUN" };
    const running = runLoop({ ...options, evaluators: { mine: hesitant }, forceSignal: force.signal });
    await asked.reached;
    force.abort();
    expect(await running).toMatchObject({ status: "interrupted", terminated_by: "signal", final_state: "a" });
    expect(bus.names().slice(-2)).toEqual(["action_complete", "loop_complete"]);

    const mine: CustomEvaluator = () => ({ verdict: "yes", details: {} });
    const result = await resumeLoop({ run: "RUN", store, bus, runner, evaluators: { mine } });
    expect(result).toMatchObject({ status: "completed", iterations: 1 });
    expect(runner.started).toEqual(["RUN:1"]);
  });
});
