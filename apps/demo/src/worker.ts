// One process that carries out a part of a run: started by main.ts, killed by itself, started again.
import { join } from "node:path";
import { beginningOf, showProgress } from "@loops/cli";
import { type ActionContext, fileStore, loadLoop, resumeLoop, runLoop } from "@loops/fsm";
import type { Addresses } from "./receivers/receiver.js";
import { pathWithTools } from "./scratch.js";
import { terminal } from "./terminal.js";
import { places, wiredBus } from "./wiring.js";

/** What the parent process says. */
export interface Task {
  readonly mode: "run" | "resume";
  readonly folder: string;
  /** How long one mending takes. */
  readonly paceMs: number;
  readonly addresses: Addresses;
}

const { mode, folder, paceMs, addresses }: Task = JSON.parse(process.argv[2] ?? "{}");

const store = fileStore({ dir: places(folder).loops });
const { bus, engine } = wiredBus(folder, addresses, async () => (await store.list()).runs);
const { definition } = await loadLoop(join(folder, "fix-types.yaml"));
showProgress(bus, terminal, { begins: await beginningOf(store, definition.name, mode !== "run") });
if (mode === "run") dieInTheMiddle();

// The terminal sends Ctrl-C to every process: the run ends after its state, and can be resumed.
const stop = new AbortController();
process.on("SIGINT", () => stop.abort());

const actionEnv = (action: ActionContext) => ({
  ...engine.actionEnv?.(action),
  PATH: pathWithTools(),
  DEMO_PACE_MS: String(paceMs),
});
const common = { store, bus, cwd: folder, signal: stop.signal, ...engine, actionEnv };
const result =
  mode === "run" ? await runLoop({ definition, ...common }) : await resumeLoop({ run: definition.name, ...common });
const { sinks } = await bus.close();
process.send?.({ result, sinks }, () => process.disconnect());

/** SIGKILL, which nothing can catch, once the third mending has said what it will do and before it has done it. */
function dieInTheMiddle(): void {
  let fixes = 0;
  bus.on("state_enter", (event) => {
    if (event.state === "fix") fixes++;
  });
  bus.on("action_output", () => {
    if (fixes === 3) process.kill(process.pid, "SIGKILL");
  });
}
