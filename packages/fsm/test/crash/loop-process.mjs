// One process that carries a loop out until somebody kills it: `node loop-process.mjs run|resume <directory>`.
import { join } from "node:path";
import { createBus, isLoopsError } from "@loops/core";
import { defineLoop, fileStore, resumeLoop, runLoop } from "@loops/fsm";
import { bufferedSink, inlineSink } from "./sinks.mjs";

const [mode, dir] = process.argv.slice(2);
const actions = 30;

// Holds a lock while it runs, which the kernel releases with the last process of the action. Where its engine has died,
// it goes on for longer than any resume takes to come.
const act = `
  exec 9>"$DIR/lock"
  flock -n 9 || { echo "$LOOPS_IDEMPOTENCY_KEY" >>"$DIR/beside"; exit 99; }
  echo "$LOOPS_IDEMPOTENCY_KEY" >>"$DIR/ledger"
  echo "iteration $LOOPS_ITERATION, attempt $LOOPS_ATTEMPT"
  sleep 0.00$((RANDOM % 10))
  kill -0 "$ENGINE" 2>/dev/null || sleep 60
`;
const definition = defineLoop({
  name: "crash",
  initial: "check",
  max_iterations: actions + 1,
  states: {
    check: {
      action: `${act}[ "$LOOPS_ITERATION" -ge ${actions - 1} ]`,
      capture: "checked",
      on_yes: "last",
      on_no: "mend",
      on_error: "failed",
    },
    mend: { action: act, capture: "mended", next: "check", on_error: "failed" },
    last: { action: act, next: "done", on_error: "failed" },
    done: { terminal: true },
    failed: { terminal: true },
  },
});

const bus = createBus();
bus.addTransport(inlineSink(dir));
bus.addTransport(bufferedSink(dir));
bus.on("*", () => process.stdout.write("."));
const options = {
  bus,
  store: fileStore({ dir: join(dir, ".loops") }),
  actionEnv: () => ({ DIR: dir, ENGINE: String(process.pid) }),
};
try {
  const run = () => runLoop({ definition, ...options });
  const result = await (mode === "run" ? run() : resumeLoop({ run: "crash", ...options }));
  process.exitCode = result.status === "completed" && result.final_state === "done" ? 0 : 1;
} catch (error) {
  // The kill came behind the very last flush: there is nothing left to do.
  if (!isLoopsError(error, "LOOPS_NOT_RESUMABLE")) throw error;
}
await bus.close();
