import type { StateStore } from "@loops/core";
import { memoryStore, type RunLoopOptions, runLoop } from "../../src/index.js";
import type { RunState } from "../../src/run-state.js";
import { fakeRunner, forever, signal, tapped } from "./harness.js";
import { loopOf } from "./machines.js";

export const done = { terminal: true };
export const abc = loopOf({
  a: { action: `first \${context.who:default=nobody}`, capture: "one", next: "b" },
  b: { action: `second \${captured.one.output:default=none}`, capture: "two", on_yes: "c", on_no: "b" },
  c: { action: `third \${prev.output} \${result.verdict} \${context.who:default=nobody}`, next: "done" },
  done,
});
export const echo = () => fakeRunner((request) => ({ output: `<${request.command}>` }));

/** Runs a loop in a process that dies: commits after `commits` never happen, and the lease is nobody's any more. */
export async function killedAfter(
  commits: number,
  options: Omit<RunLoopOptions, "store">,
): Promise<StateStore<RunState>> {
  const inner = memoryStore();
  const killed = signal();
  const store = tapped(inner, (_commit, count) => {
    if (count <= commits) return undefined;
    killed.reach();
    return forever;
  });
  void runLoop({ newRunId: () => "RUN", ...options, store });
  await killed.reached;
  await store.leases[0]?.release();
  return inner;
}

/** Runs a loop in a process that dies in the middle of an action. */
export async function killedInAction(
  command: string,
  options: Omit<RunLoopOptions, "store">,
): Promise<StateStore<RunState>> {
  const store = tapped(memoryStore());
  const killed = signal();
  const runner = fakeRunner((request) => {
    if (!request.command.startsWith(command)) return { output: `<${request.command}>` };
    killed.reach();
    return forever;
  });
  void runLoop({ newRunId: () => "RUN", runner, ...options, store });
  await killed.reached;
  await store.leases[0]?.release();
  return store;
}
