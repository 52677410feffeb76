import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import { type ActionFunction, functionRunner } from "../../src/actions/function-runner.js";
import type { ActionRequest } from "../../src/actions/runner.js";
import { defineLoop, memoryStore, runLoop, type StateInput } from "../../src/index.js";
import { recorder } from "../engine/harness.js";
import { request } from "./support.js";

async function outcomeOf(action: ActionFunction, over: Partial<ActionRequest> = {}) {
  const prepared = await functionRunner({ action }).prepare(request(" action\n", { type: "function", ...over }));
  return prepared.start();
}

async function resultOf(action: ActionFunction, over: Partial<ActionRequest> = {}) {
  const outcome = await outcomeOf(action, over);
  if (outcome.kind !== "completed") throw new Error(`The action was ${outcome.kind}.`);
  return outcome.result;
}

/** As libraries of other times return. */
class OtherPromise {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  // biome-ignore lint/suspicious/noThenProperty: that is what it is for
  then(go: (text: string) => void): void {
    go(this.#text);
  }
}

describe("what a function returns", () => {
  it.each<[string, ActionFunction, object]>([
    ["a text is its output", () => "done", { output: "done", stderr: "", exit_code: 0 }],
    ["a promise of one too", async () => "done", { output: "done", stderr: "", exit_code: 0 }],
    ["nothing is an empty output", () => {}, { output: "", stderr: "", exit_code: 0 }],
    ["an exit code", () => ({ exit_code: 1 }), { output: "", stderr: "", exit_code: 1 }],
    ["all of it", () => ({ output: "o", stderr: "e", exit_code: -9 }), { output: "o", stderr: "e", exit_code: -9 }],
    ["a promise of another make", () => new OtherPromise("done") as never, { output: "done" }],
  ])("%s", async (_what, action, expected) => {
    expect(await resultOf(action)).toMatchObject(expected);
  });

  it.each<[string, unknown, RegExp]>([
    ["a bare number", 0, /not 0\./],
    ["null", null, /not null\./],
    ["true", true, /not true\./],
    ["a list", ["a"], /not \[ 'a' \]\./],
    ["a result of another shape", { ok: true }, /not an object with "ok"\./],
    ["an exit code that is text", { exit_code: "0" }, /not the exit code '0'\./],
    ["an exit code that is no whole number", { exit_code: Number.NaN }, /not the exit code NaN\./],
    ["an output that is a number", { output: 3 }, /not output or stderr that is no text\./],
    ["a promise of a bare number", Promise.resolve(1), /not 1\./],
  ])("%s is refused loudly: exit code 70, which is the verdict error", async (_what, given, text) => {
    const { exit_code, stderr } = await resultOf(() => given as never);
    expect(exit_code).toBe(70);
    expect(stderr).toMatch(/A function that is an action returns text, nothing, or/);
    expect(stderr).toMatch(text);
  });

  it("is told line by line, right-stripped, and cut at 10 MiB as a stream would be", async () => {
    const lines: string[] = [];
    await resultOf(() => "one  \n\ntwo\r\nthree", { onLine: (line) => lines.push(line) });
    expect(lines).toEqual(["one", "", "two", "three"]);

    lines.length = 0;
    const { output } = await resultOf(() => "0123456789\n".repeat(2_000_000), { onLine: (line) => lines.push(line) });
    expect(output.length).toBeLessThan(11 * 1024 * 1024);
    expect(output).toMatch(/\n\[\.\.\. \d+ bytes cut \.\.\.\]\n/);
    expect(lines.at(-1)).toMatch(/\[\.\.\. \d+ lines left out \.\.\.\]/);
  });
});

describe("what a function is given", () => {
  it("are the parameters, the environment of an action, and the working directory", async () => {
    const params = { path: "a", deep: { n: 1 } };
    const env = { LOOPS_IDEMPOTENCY_KEY: "R:1" };
    const given: unknown[] = [];
    await resultOf((call) => void given.push({ ...call, signal: undefined }), { params, env, cwd: "/tmp" });
    await resultOf((call) => void given.push(call.params));
    expect(given).toEqual([{ params, env, cwd: "/tmp", signal: undefined }, {}]);
  });

  it("a name that no function has: exit code 127, and which there are", async () => {
    const runner = functionRunner({ one: () => "", two: () => "" });
    for (const command of ["three", "constructor", ""]) {
      const outcome = await (await runner.prepare(request(command))).start();
      expect(outcome).toMatchObject({
        result: { exit_code: 127, stderr: expect.stringMatching(/no function ".*"; known: one, two/) },
      });
    }
  });

  it.each([[undefined], [null], [{ name: "text" }], [{ name: 1 }]])("%j are no functions: refused at once", (given) => {
    expect(() => functionRunner(given as never)).toThrow(expect.objectContaining({ code: "LOOPS_CONFIG" }));
  });
});

describe("a function that does not end well", () => {
  it.each<[string, ActionFunction]>([
    [
      "throws",
      () => {
        throw new Error("out of cheese");
      },
    ],
    ["rejects", () => Promise.reject(new Error("out of cheese"))],
    [
      "throws a text",
      () => {
        throw "out of cheese";
      },
    ],
  ])("and %s has exit code 70, with the error on its standard error", async (_what, action) => {
    expect(await resultOf(action)).toMatchObject({ exit_code: 70, stderr: expect.stringContaining("out of cheese") });
  });

  it("and takes too long has exit code 124; its signal says so, to those who ask late, too", async () => {
    let early: AbortSignal | undefined;
    let late: () => boolean = () => false;
    const action: ActionFunction = (call) => {
      early = call.signal;
      return new Promise(() => {});
    };
    expect(await resultOf(action, { timeoutMs: 20 })).toEqual({
      output: "",
      stderr: "Action timed out",
      exit_code: 124,
      duration_ms: 20,
    });
    expect(early?.reason).toMatchObject({ message: "the action was not over after 20 ms" });
    await resultOf(
      (call) => {
        late = () => call.signal.aborted;
        return new Promise(() => {});
      },
      { timeoutMs: 20 },
    );
    expect(late()).toBe(true);
  });

  it("and is aborted is cancelled, with the reason in its signal, and nothing left listening", async () => {
    const giveUp = new AbortController();
    let reason: unknown;
    let begun = false;
    const outcome = outcomeOf(
      ({ signal }) =>
        new Promise<string>((resolve) => {
          begun = true;
          signal.addEventListener("abort", () => {
            reason = signal.reason;
            resolve("too late");
          });
        }),
      { signal: giveUp.signal },
    );
    await expect.poll(() => begun, { interval: 1 }).toBe(true);
    giveUp.abort("enough");
    expect(await outcome).toEqual({ kind: "cancelled" });
    expect(reason).toBe("enough");
    expect(getEventListeners(giveUp.signal, "abort")).toEqual([]);
  });

  it("and fails after it was given up harms nobody", async () => {
    let fail: (error: Error) => void = () => {};
    const action = () =>
      new Promise<never>((_resolve, reject) => {
        fail = reject;
      });
    expect(await resultOf(action, { timeoutMs: 1 })).toMatchObject({ exit_code: 124 });
    // An unhandled rejection would fail this test.
    fail(new Error("late"));
    await new Promise(setImmediate);
  });
});

it("B-1: a function is not called before it is started, nor after it was abandoned, and once however often it is started", async () => {
  let calls = 0;
  const runner = functionRunner({ count: () => void calls++ });
  const prepared = await runner.prepare(request("count"));
  expect(prepared.process).toBeNull();
  expect(calls).toBe(0);
  expect(await prepared.start()).toBe(await prepared.start());
  expect(calls).toBe(1);
  const abandoned = await runner.prepare(request("count"));
  abandoned.abandon();
  expect(await abandoned.start()).toEqual({ kind: "cancelled" });
  const aborted = await runner.prepare(request("count", { signal: AbortSignal.abort() }));
  expect(await aborted.start()).toEqual({ kind: "cancelled" });
  expect(calls).toBe(1);
});

describe("a whole run of functions", () => {
  const loop = (states: Record<string, StateInput<string, never, "function">>) =>
    defineLoop({ name: "functions", initial: "a", max_iterations: 1_000_000, states }, { actionTypes: ["function"] });
  const fn = (action: string, more: object) => ({ action, action_type: "function" as const, ...more });

  it("goes where the exit codes say, with their outputs captured", async () => {
    const definition = loop({
      a: fn("count", { params: { to: `\${context.to}` }, capture: "sum", on_yes: "b", on_no: "wrong" }),
      b: fn("fail", { on_yes: "wrong", on_no: "wrong", on_error: "done" }),
      done: { terminal: true },
      wrong: { terminal: true },
    });
    const runners = {
      function: functionRunner({
        count: ({ params }) => `counted to ${params["to"]}`,
        fail: () => {
          throw new Error("no");
        },
      }),
    };
    const bus = recorder();
    const result = await runLoop({ definition, store: memoryStore(), runners, bus, context: { to: 3 } });
    expect(result).toMatchObject({ final_state: "done", captured: { sum: { output: "counted to 3" } } });
    expect(bus.named("evaluate").map(({ verdict }) => verdict)).toEqual(["yes", "error"]);
  });

  it("that never waits lets timers and signals through", async () => {
    const stop = new AbortController();
    let turns = 0;
    const definition = loop({ a: fn("turn", { on_yes: "a", on_error: "done" }), done: { terminal: true } });
    const runners = { function: functionRunner({ turn: () => void turns++ }) };
    const timer = setInterval(() => turns > 100 && stop.abort(), 1);
    const result = await runLoop({ definition, store: memoryStore(), runners, signal: stop.signal });
    clearInterval(timer);
    expect(result.terminated_by).toBe("signal");
    expect(turns).toBeGreaterThan(100);
    expect(turns).toBeLessThan(1_000_000);
  });
});
