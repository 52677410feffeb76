// Carries a loop out, or goes on with it, and is killed at one call of the file system:
// `node killed-at.mjs '{"mode":"run","loop":"small","dir":"...","at":7,"when":"after"}'`.
import { appendFileSync, existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fileStore, loadLoop, resumeLoop, runLoop } from "@loops/fsm";
import { countedFs } from "./counted-fs.mjs";
import { appendingBus, shellEnvironment } from "./surroundings.mjs";

const point = JSON.parse(process.argv[2]);
const { mode, loop, dir, trace = false } = point;
const loopsDir = fileURLToPath(new URL("loops", import.meta.url));
let emitted = 0;

/** What is not of the file system and cannot be undone either, so far: actions that began, events that went out. */
const effects = () => emitted + (existsSync(join(dir, "ledger")) ? statSync(join(dir, "ledger")).size : 0);
const onCall = (name, file) =>
  trace && appendFileSync(join(dir, "trace"), `${JSON.stringify({ name, file, effects: effects() })}\n`);

const options = {
  store: fileStore({ dir: join(dir, ".loops"), fs: countedFs(point, onCall), durability: point.durability }),
  bus: appendingBus(dir, () => {
    emitted += 1;
  }),
  loopsDir,
  actionEnv: () => shellEnvironment(dir),
};
const { definition } = await loadLoop(join(loopsDir, `${loop}.yaml`));
let result = await (mode === "run" ? runLoop({ definition, ...options }) : resumeLoop({ run: loop, ...options }));
while (result.status === "awaiting_continuation") result = await resumeLoop({ run: loop, ...options });
