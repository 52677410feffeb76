// One process that carries out a part of a run: started by main.ts, killed by itself, started again.
import { join } from "node:path";
import { beginningOf, showProgress } from "@loops/cli";
import { fileStore, loadLoop, resumeLoop, runLoop } from "@loops/fsm";
import { pathWithTools } from "./scratch.js";
import { terminal } from "./terminal.js";
import { places, wiredBus } from "./wiring.js";

const [mode, folder = "."] = process.argv.slice(2);

const bus = await wiredBus(folder);
const store = fileStore({ dir: places(folder).loops });
const { definition } = await loadLoop(join(folder, "fix-types.yaml"));
showProgress(bus, terminal, { begins: await beginningOf(store, definition.name, mode !== "run") });
if (mode === "run") dieInTheMiddle();

// The terminal sends Ctrl-C to every process: the run ends after its state, and can be resumed.
const stop = new AbortController();
process.on("SIGINT", () => stop.abort());

const common = {
  store,
  bus,
  cwd: folder,
  signal: stop.signal,
  actionEnv: () => ({ PATH: pathWithTools() }),
};
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
