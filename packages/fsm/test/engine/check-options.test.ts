import { expect, it } from "vitest";
import { memoryStore, resumeLoop, runLoop } from "../../src/index.js";
import { loopOf } from "./machines.js";

const definition = loopOf({ a: { next: "done" }, done: { terminal: true } });
const store = memoryStore();

it.each<[string, unknown, RegExp]>([
  ["nothing", undefined, /takes an object of options/],
  ["no definition", {}, /definition must be a loop/],
  ["a path", { definition: "fix.yaml" }, /loadLoop\(path\)/],
  ["what loadLoop returned", { definition: { definition, warnings: [] } }, /take its property `definition`/],
  ["a directory as store", { definition, store: "dir" }, /fileStore\(\{ dir \}\)/],
  ["a bus that is none", { definition, store, bus: {} }, /function emit/],
  ["a controller as signal", { definition, store, signal: new AbortController() }, /controller\.signal/],
  ["a function as runner", { definition, store, runner: () => 0 }, /runner must be an ActionRunner/],
  [
    "a command as runner",
    { definition, store, runners: { prompt: "claude -p" } },
    /runners\.prompt must be an ActionRunner/,
  ],
  ["no function as evaluator", { definition, store, evaluators: { mine: {} } }, /evaluators\.mine must be a function/],
  ["a list as handoffCommand", { definition, store, handoffCommand: ["loops"] }, /handoffCommand must be text/],
])("runLoop given %s says what it takes", async (_what, options, message) => {
  await expect(runLoop(options as never)).rejects.toMatchObject({
    code: "LOOPS_CONFIG",
    message: expect.stringMatching(message),
  });
});

it("resumeLoop given a name alone says what it takes", async () => {
  await expect(resumeLoop("name" as never)).rejects.toMatchObject({ code: "LOOPS_CONFIG" });
});

it.each<[string, object, RegExp]>([
  ["another word", { inDoubt: "retry" }, /"rerun", "fail" or "ask"/],
  ["no function to be asked", { inDoubt: "ask", onInDoubt: "me" }, /onInDoubt must be a function/],
])("resumeLoop given %s says what it takes, doubt or not", async (_what, options, message) => {
  await expect(resumeLoop({ run: "name", store, ...options } as never)).rejects.toMatchObject({
    code: "LOOPS_CONFIG",
    message: expect.stringMatching(message),
  });
});
