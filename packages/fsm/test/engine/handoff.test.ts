import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { fileStore, memoryStore, type RunLoopOptions, resumeLoop, runLoop } from "../../src/index.js";
import { fakeRunner, recorder, tapped } from "./harness.js";
import { killedAfter, killedInAction } from "./killed-run.js";
import { loopOf } from "./machines.js";

const done = { terminal: true };
const ab = loopOf({ a: { action: "work", on_yes: "b" }, b: { action: "more", next: "done" }, done });
const handing = () => fakeRunner(() => ({ output: "half of it\nCONTEXT_HANDOFF: do the other half\n" }));

async function handedOff(more: Partial<RunLoopOptions> = {}) {
  const store = memoryStore();
  const bus = recorder();
  const result = await runLoop({ definition: ab, store, bus, runner: handing(), ...more });
  return { store, bus, result };
}

describe("CONTEXT_HANDOFF in an output", () => {
  it.each(["pause", "terminate", undefined] as const)(
    "B-22: with on_handoff %s ends the run, judged and not routed, to be gone on with; its end is told",
    async (on_handoff) => {
      const definition = on_handoff === undefined ? ab : { ...ab, on_handoff };
      const { store, bus, result } = await handedOff({ definition });
      expect(result).toMatchObject({
        status: "awaiting_continuation",
        terminated_by: "handoff",
        final_state: "a",
        iterations: 1,
        handoff: true,
        continuation_prompt: "do the other half",
      });
      expect(result).not.toHaveProperty("error");
      expect(bus.names().slice(-3)).toEqual(["evaluate", "handoff_detected", "loop_complete"]);
      expect(bus.named("handoff_detected")).toMatchObject([
        { state: "a", iteration: 1, continuation: "do the other half" },
      ]);
      expect(await store.find("test-loop")).toMatchObject({
        status: "awaiting_continuation",
        continuation_prompt: "do the other half",
        prev_result: { state: "a" },
      });
    },
  );

  it("P-23: is announced with its prompt when the run goes on, in the same state and iteration", async () => {
    const { store } = await handedOff({ limits: { maxIterations: 1 }, newRunId: () => "RUN" });
    const bus = recorder();
    const runner = fakeRunner();
    await resumeLoop({ run: "test-loop", store, bus, runner, limits: { maxIterations: 2 } });
    expect(bus.events.slice(0, 2)).toMatchObject([
      {
        event: "loop_resume",
        from_state: "a",
        iteration: 1,
        from_handoff: true,
        continuation_prompt: "do the other half",
      },
      { event: "state_enter", state: "a", iteration: 1, attempt: 2 },
    ]);
    expect(runner.requests[0]?.env["LOOPS_CONTINUATION_PROMPT"]).toBe("do the other half");
    expect(runner.requests[1]?.env).not.toHaveProperty("LOOPS_CONTINUATION_PROMPT");
  });

  it("runs the action under another key: the one before has its result on record", async () => {
    const { store } = await handedOff({ newRunId: () => "RUN" });
    await resumeLoop({ run: "RUN", store, runner: handing() });
    const runner = fakeRunner();
    await resumeLoop({ run: "RUN", store, runner });
    expect(runner.started).toEqual(["RUN:1.2", "RUN:2"]);
  });

  it("B-8: on the last iteration allowed can still be gone on with", async () => {
    const { store } = await handedOff({ limits: { maxIterations: 1 } });
    const result = await resumeLoop({ run: "test-loop", store, runner: fakeRunner() });
    expect(result).toMatchObject({ terminated_by: "max_iterations", final_state: "b", iterations: 1 });
  });

  it("P-19, B-6: keeps its prompt in every save until an action has taken it up", async () => {
    const { store: inner } = await handedOff({ newRunId: () => "RUN" });
    const store = tapped(inner);
    await resumeLoop({ run: "RUN", store, runner: fakeRunner() });
    const saves = store.commits.map(({ events }) => events.at(-1)?.event);
    expect(saves.slice(0, 3)).toEqual(["loop_resume", "action_start", "action_complete"]);
    expect(store.commits.map(({ delta }) => delta.set?.["continuation_prompt"]).slice(0, 3)).toEqual([
      "do the other half",
      undefined,
      null,
    ]);
    expect((await inner.find("RUN"))?.continuation_prompt).toBeNull();
  });

  it("P-23: is announced again where the process that took it up died before its action was done", async () => {
    const { store: inner } = await handedOff({ newRunId: () => "RUN" });
    const store = tapped(inner);
    const killed = { ...fakeRunner(), prepare: () => new Promise<never>(() => undefined) };
    void resumeLoop({ run: "RUN", store, runner: killed });
    await expect.poll(() => store.commits.length).toBe(1);
    await store.leases[0]?.release();
    const bus = recorder();
    await resumeLoop({ run: "RUN", store: inner, bus, runner: fakeRunner() });
    expect(bus.named("loop_resume").at(-1)).toMatchObject({ from_handoff: true });
  });

  it("P-23: is not mentioned by a resume after a crash, once it was taken up", async () => {
    const { store: inner } = await handedOff({ newRunId: () => "RUN" });
    const store = await killedOn(inner, "more");
    const bus = recorder();
    await resumeLoop({ run: "RUN", store, bus, runner: fakeRunner() });
    const resumed = bus.named("loop_resume").at(-1);
    expect(resumed).toMatchObject({ from_state: "b" });
    expect(resumed).not.toHaveProperty("from_handoff");
  });

  it("is heard after a kill between the result and its end", async () => {
    const store = await killedAfter(3, { definition: ab, runner: handing() });
    const result = await resumeLoop({ run: "RUN", store, runner: fakeRunner() });
    expect(result).toMatchObject({ terminated_by: "handoff", continuation_prompt: "do the other half" });
  });
});

/** Goes on with a run in a process that dies in the middle of the given action. */
async function killedOn(inner: ReturnType<typeof memoryStore>, command: string) {
  const store = tapped(inner);
  let reached = false;
  const runner = fakeRunner((request) => {
    if (request.command !== command) return 0;
    reached = true;
    return new Promise<never>(() => undefined);
  });
  void resumeLoop({ run: "RUN", store, runner });
  await expect.poll(() => reached).toBe(true);
  await store.leases[0]?.release();
  return inner;
}

describe("a handoff that spawns", () => {
  const spawning = { ...ab, on_handoff: "spawn" as const };
  const inDirectory = () => {
    const cwd = mkdtempSync(join(tmpdir(), "loops-handoff-"));
    onTestFinished(() => rmSync(cwd, { recursive: true, force: true }));
    return cwd;
  };

  it("B-37: makes the successor, records it with the end, gives the run up, and only then lets it begin", async () => {
    const cwd = inDirectory();
    const store = fileStore({ dir: join(cwd, ".loops") });
    const bus = recorder();
    const owned: boolean[] = [];
    const begun = join(cwd, "begun");
    const flush = async () => {
      owned.push(existsSync(begun));
      return { ok: true };
    };
    const handoffCommand = `echo "$LOOPS_RUN_ID $LOOPS_CONTINUATION_PROMPT \${loop.name} $(ls .loops/.running | grep -c owner)" > part && mv part begun`;
    const result = await runLoop({
      definition: spawning,
      store,
      bus: { ...bus, flush },
      runner: handing(),
      cwd,
      handoffCommand,
    });
    expect(result).toMatchObject({ terminated_by: "handoff" });
    expect(bus.names().slice(-4)).toEqual(["evaluate", "handoff_detected", "handoff_spawned", "loop_complete"]);
    const [spawned] = bus.named("handoff_spawned");
    expect(spawned).toMatchObject({ state: "a", pid: expect.any(Number) });
    expect(owned).not.toContain(true);
    await expect.poll(() => existsSync(begun), { timeout: 10_000 }).toBe(true);
    const [runId, ...words] = readFileSync(begun, "utf8").trim().split(" ");
    expect(runId).toBe(result.run_id);
    expect(words.join(" ")).toMatch(/^do the other half test-loop /);
    await expect.poll(() => isAlive(spawned?.["pid"])).toBe(false);
  });

  it("the successor can resume the run, because nobody owns it any more", async () => {
    const cwd = inDirectory();
    const store = () => fileStore({ dir: join(cwd, ".loops") });
    const handoffCommand = ": > begun";
    await runLoop({ definition: spawning, store: store(), runner: handing(), cwd, handoffCommand });
    await expect.poll(() => existsSync(join(cwd, "begun")), { timeout: 10_000 }).toBe(true);
    expect(await resumeLoop({ run: "test-loop", store: store(), runner: fakeRunner(), cwd })).toMatchObject({
      status: "completed",
    });
  });

  it("is a pause, with a warning, without a command, and with one that cannot be had", async () => {
    const commands: [Partial<RunLoopOptions>, RegExp][] = [
      [{}, /no handoffCommand/],
      [{ handoffCommand: `resume \${context.nothing}` }, /could not be made/],
      [{ handoffCommand: "true", cwd: "/nowhere" }, /could not be made/],
    ];
    for (const [options, message] of commands) {
      const warnings: Error[] = [];
      const onWarning = (warning: Error) => void warnings.push(warning);
      const { result, bus } = await handedOff({ definition: spawning, onWarning, ...options });
      expect(result).toMatchObject({ terminated_by: "handoff", status: "awaiting_continuation" });
      expect(bus.names()).not.toContain("handoff_spawned");
      expect(warnings).toMatchObject([{ code: "LOOPS_HANDOFF", message: expect.stringMatching(message) }]);
    }
  });

  it("whose end cannot be recorded never begins", async () => {
    const cwd = inDirectory();
    const store = tapped(memoryStore(), (_commit, count) => {
      if (count === 4) throw new Error("ENOSPC");
    });
    const handoffCommand = ": > begun";
    const run = runLoop({ definition: spawning, store, runner: handing(), cwd, handoffCommand });
    await expect(run).rejects.toMatchObject({ code: "LOOPS_STORE_WRITE" });
    // A command that may begin has begun long before one that is made after it has ended.
    const next = memoryStore();
    await runLoop({ definition: spawning, store: next, runner: handing(), cwd, handoffCommand: ": > later" });
    await expect.poll(() => existsSync(join(cwd, "later")), { timeout: 10_000 }).toBe(true);
    expect(existsSync(join(cwd, "begun"))).toBe(false);
  });
});

function isAlive(pid: unknown): boolean {
  try {
    return process.kill(Number(pid), 0);
  } catch {
    return false;
  }
}

it("an action in doubt that was continued after a handoff keeps the key that it had", async () => {
  const store = await killedInAction("work", { definition: ab });
  const runner = handing();
  await resumeLoop({ run: "RUN", store, runner });
  const again = fakeRunner();
  await resumeLoop({ run: "RUN", store, runner: again });
  expect([...runner.started, ...again.started]).toEqual(["RUN:1", "RUN:1.1", "RUN:2"]);
});
