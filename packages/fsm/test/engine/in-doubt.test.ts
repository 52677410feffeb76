import { describe, expect, it } from "vitest";
import { type ActionDoubt, resumeLoop } from "../../src/index.js";
import { fakeRunner, recorder } from "./harness.js";
import { abc, echo, killedAfter, killedInAction } from "./killed-run.js";

const killed = () => killedInAction("second", { definition: abc });

describe("an action in doubt", () => {
  it("is run again where nothing else is said, and the event says so", async () => {
    const bus = recorder();
    const runner = echo();
    await resumeLoop({ run: "RUN", store: await killed(), bus, runner });
    expect(bus.named("action_in_doubt")).toMatchObject([{ policy: "rerun" }]);
    expect(runner.started).toContain("RUN:2");
  });

  it("ends the run as failed where that is said: nothing runs, and its orphan is ended all the same", async () => {
    const bus = recorder();
    const runner = echo();
    const store = await killed();
    const result = await resumeLoop({ run: "RUN", store, bus, runner, inDoubt: "fail" });
    expect(result).toMatchObject({
      status: "failed",
      terminated_by: "error",
      final_state: "b",
      iterations: 2,
      error: { type: "LOOPS_IN_DOUBT", state: "b" },
    });
    const resumed = bus.events.slice(bus.names().indexOf("loop_resume"));
    expect(resumed).toMatchObject([
      { event: "loop_resume" },
      { event: "action_in_doubt", state: "b", policy: "fail", orphan: "ended" },
      { event: "loop_complete", terminated_by: "error", error: { type: "LOOPS_IN_DOUBT" } },
    ]);
    expect(runner.started).toEqual([]);
    expect(runner.orphans).toHaveLength(1);
    await expect(resumeLoop({ run: "RUN", store })).rejects.toMatchObject({ code: "LOOPS_NOT_RESUMABLE" });
  });

  it.each(["rerun", "fail"] as const)("is decided by who is asked: %s", async (answer) => {
    const doubts: ActionDoubt[] = [];
    const onInDoubt = async (doubt: ActionDoubt) => {
      doubts.push(doubt);
      return answer;
    };
    const bus = recorder();
    await resumeLoop({ run: "RUN", store: await killed(), bus, runner: echo(), inDoubt: "ask", onInDoubt });
    expect(doubts).toEqual([
      {
        run_id: "RUN",
        loop: "test-loop",
        state: "b",
        iteration: 2,
        attempt: 1,
        key: "RUN:2",
        action: "second <first nobody>",
        type: "shell",
        orphan: "ended",
      },
    ]);
    expect(bus.named("action_in_doubt")).toMatchObject([{ policy: answer }]);
  });

  it.each<[string, Pick<Parameters<typeof resumeLoop>[0], "onInDoubt">, object]>([
    ["nobody is there to be asked", {}, { code: "LOOPS_IN_DOUBT" }],
    ["who is asked throws", { onInDoubt: () => Promise.reject(new Error("later")) }, { message: "later" }],
    ["the answer is none", { onInDoubt: () => "perhaps" as never }, { code: "LOOPS_CONFIG" }],
  ])("leaves the run as it was while %s", async (_what, options, error) => {
    const store = await killed();
    const before = await store.find("RUN");
    const bus = recorder();
    const asking = { run: "RUN", store, bus, runner: echo(), inDoubt: "ask" as const, ...options };
    await expect(resumeLoop(asking)).rejects.toMatchObject(error);
    expect(await store.find("RUN")).toEqual(before);
    expect(bus.events).toEqual([]);
    expect(await resumeLoop({ run: "RUN", store, runner: echo() })).toMatchObject({ status: "completed" });
  });

  it("is none where the result is on record, or nothing had begun: nobody is asked", async () => {
    for (const commits of [1, 3, 4]) {
      const store = await killedAfter(commits, { definition: abc, runner: echo() });
      const result = await resumeLoop({ run: "RUN", store, runner: fakeRunner(), inDoubt: "ask" });
      expect(result.status).toBe("completed");
    }
  });
});
