import { describe, expect, it } from "vitest";
import { memoryStore, type RunLoopOptions, resumeLoop, runLoop, type StateDefinition } from "../../src/index.js";
import { type FakeRunner, fakeRunner, recorder } from "./harness.js";
import { killedInAction } from "./killed-run.js";
import { loopOf } from "./machines.js";

const done = { terminal: true };

async function run(state: StateDefinition, more: Partial<RunLoopOptions> = {}) {
  const bus = recorder();
  const shell = fakeRunner();
  const definition = loopOf({ a: { next: "done", ...state }, done });
  const result = await runLoop({ definition, store: memoryStore(), bus, runner: shell, ...more });
  return { result, bus, shell };
}
const commands = ({ requests }: FakeRunner) => requests.map(({ type, command }) => [type, command]);

describe("an action goes to the runner of its kind", () => {
  it.each<[string, StateDefinition, string, string]>([
    ["shell by default", { action: "ls" }, "shell", "shell"],
    ["prompt where it begins with a slash", { action: "/review" }, "prompt", "prompt"],
    ["shell where it says so, slash or not", { action: "/bin/ls", action_type: "shell" }, "shell", "shell"],
    ["prompt", { action: "think", action_type: "prompt" }, "prompt", "prompt"],
    ["that of prompts for slash_command", { action: "/x", action_type: "slash_command" }, "slash_command", "prompt"],
    ["mcp_tool", { action: "server/tool", action_type: "mcp_tool" }, "mcp_tool", "mcp_tool"],
    ["one of the program's own", { action: "deploy", action_type: "function" }, "function", "function"],
  ])("%s", async (_what, state, type, takenBy) => {
    const runners = { prompt: fakeRunner(), mcp_tool: fakeRunner(), function: fakeRunner() };
    const { shell } = await run(state, { runners });
    const all: Record<string, FakeRunner> = { ...runners, shell };
    for (const [name, runner] of Object.entries(all)) {
      expect(commands(runner)).toEqual(name === takenBy ? [[type, state.action]] : []);
    }
  });

  it("which may be another one for slash_command, and for shell", async () => {
    const runners = { prompt: fakeRunner(), slash_command: fakeRunner(), shell: fakeRunner() };
    await run({ action: "/x", action_type: "slash_command" }, { runners });
    await run({ action: "ls" }, { runners });
    expect([runners.prompt, runners.slash_command, runners.shell].map(commands)).toEqual([
      [],
      [["slash_command", "/x"]],
      [["shell", "ls"]],
    ]);
  });

  it("with its arguments, templates filled in however deep", async () => {
    const mcp_tool = fakeRunner();
    const params = { path: `\${context.path}`, list: [1, { deep: `<\${state.name}>` }], plain: null };
    const state = { action: `\${context.server}/read`, action_type: "mcp_tool", params };
    await run(state, { runners: { mcp_tool }, context: { path: "/tmp", server: "files" } });
    expect(mcp_tool.requests).toMatchObject([
      { command: "files/read", params: { path: "/tmp", list: [1, { deep: "<a>" }], plain: null } },
    ]);
  });

  it("and ends the run where an argument cannot be filled in", async () => {
    const params = { path: `\${context.nowhere}` };
    const { result, bus } = await run({ action: "s/t", action_type: "mcp_tool", params });
    expect(result.error).toMatchObject({ type: "LOOPS_INTERPOLATION", state: "a" });
    expect(bus.names()).toEqual(["loop_start", "state_enter", "loop_complete"]);
  });

  it("with half a minute for a tool, and an hour for all the others, unless the loop says otherwise", async () => {
    const runners = { mcp_tool: fakeRunner(), prompt: fakeRunner() };
    const limit = async (state: StateDefinition, runner: FakeRunner) => {
      await run(state, { runners });
      return runner.requests.at(-1)?.timeoutMs;
    };
    const tool = { action: "s/t", action_type: "mcp_tool" };
    expect(await limit(tool, runners.mcp_tool)).toBe(30_000);
    expect(await limit({ ...tool, timeout: 2 }, runners.mcp_tool)).toBe(2000);
    expect(await limit({ action: "/x" }, runners.prompt)).toBe(3_600_000);
  });
});

it.each([
  [{ action: "ls" }, false],
  [{ action: "/review" }, true],
  [{ action: "/bin/ls", action_type: "shell" }, false],
  [{ action: "think", action_type: "prompt" }, true],
  [{ action: "x", action_type: "slash_command" }, true],
  [{ action: "/s/t", action_type: "mcp_tool" }, false],
])("the events of %j say whether it is a prompt: %s", async (state, is_prompt) => {
  const { bus } = await run(state);
  const told = [...bus.named("action_start"), ...bus.named("action_complete")];
  expect(told.map((event) => event["is_prompt"])).toEqual([is_prompt, is_prompt]);
});

describe("B-38: an action that nothing here can run", () => {
  it("ends with exit code 127 and says what to configure; the loop goes on by its verdict", async () => {
    const state = { action: "think", action_type: "prompt", next: undefined as never, on_error: "done" };
    const { result, bus } = await run(state);
    expect(result).toMatchObject({ status: "completed", iterations: 1 });
    expect(bus.named("action_complete")).toMatchObject([
      { exit_code: 127, stderr_preview: expect.stringMatching(/type "prompt".*runners: \{ "prompt"/) },
    ]);
    expect(bus.named("evaluate")).toMatchObject([{ verdict: "error" }]);
  });

  it.each(["bash", "constructor"])("B-54: also one of the type %s, which is no shell command", async (action_type) => {
    const { bus } = await run({ action: "x", action_type });
    expect(bus.named("action_complete")).toMatchObject([{ exit_code: 127 }]);
  });
});

describe("what a dead engine left of an action", () => {
  const definition = loopOf({ a: { action: "think", action_type: "prompt", next: "done" }, done });

  it("is ended by the runner that had it", async () => {
    const prompt = fakeRunner(() => new Promise<never>(() => undefined));
    const store = await killedWithPrompt(prompt);
    const runners = { prompt: fakeRunner() };
    const shell = fakeRunner();
    await resumeLoop({ run: "RUN", store, runner: shell, runners });
    expect(runners.prompt.orphans).toMatchObject([{ pid: 4711 }]);
    expect(shell.orphans).toEqual([]);
  });

  it("is ended like a shell's where that runner is not there any more", async () => {
    const store = await killedWithPrompt(fakeRunner(() => new Promise<never>(() => undefined)));
    const shell = fakeRunner();
    const result = await resumeLoop({ run: "RUN", store, runner: shell });
    expect(shell.orphans).toMatchObject([{ pid: 4711 }]);
    expect(result.status).toBe("completed");
  });

  async function killedWithPrompt(prompt: FakeRunner) {
    const store = memoryStore();
    void runLoop({ definition, store, runners: { prompt }, newRunId: () => "RUN" });
    await expect.poll(() => prompt.started.length).toBe(1);
    // The process is gone, and its lease with it.
    return forgotten(store);
  }

  /** A copy of a store as the next process finds it. */
  async function forgotten(store: ReturnType<typeof memoryStore>) {
    const copy = memoryStore();
    const state = await store.find("RUN");
    if (state === null) throw new Error("no run");
    const lease = await copy.create(state);
    await lease.commit(await store.readEvents("test-loop", "RUN"), {});
    await lease.release();
    return copy;
  }
});

it("an action inside this process has no process on record, and is in doubt all the same", async () => {
  const definition = loopOf({ a: { action: "work", next: "done" }, done });
  const store = await killedInAction("work", { definition });
  const bus = recorder();
  await resumeLoop({ run: "RUN", store, bus, runner: fakeRunner() });
  expect(bus.named("action_in_doubt")).toHaveLength(1);
});
