import { existsSync } from "node:fs";
import type { StateStore } from "@loops/core";
import { expect, it } from "vitest";
import { memoryStore, type RunState, runLoop } from "../../src/index.js";
import { fakeRunner } from "./harness.js";
import { loopOf } from "./machines.js";

it("P-26: the store is what the caller gives, and nothing else is written to", async () => {
  const inner = memoryStore();
  const created: string[] = [];
  const store: StateStore<RunState> = {
    ...inner,
    create(state, options) {
      created.push(state.loop_name);
      return inner.create(state, options);
    },
  };
  const definition = loopOf({ a: { action: "true", next: "done" }, done: { terminal: true } });
  const { run_id } = await runLoop({ definition, store, runner: fakeRunner() });
  expect(created).toEqual([definition.name]);
  expect(await store.find(definition.name)).toMatchObject({ run_id, status: "completed" });
  expect(existsSync(".loops")).toBe(false);
});
