// One process that carries nested loops out until somebody kills it: `node nested-process.mjs run|resume <directory>`.
import { join } from "node:path";
import { createBus, isLoopsError } from "@loops/core";
import { defineLoop, fileStore, resumeLoop, runLoop } from "@loops/fsm";
import { bufferedSink, inlineSink } from "./sinks.mjs";

const [mode, dir] = process.argv.slice(2);

// Holds a lock while it runs, which the kernel releases with the last process of the action. Where its engine has died,
// it goes on for longer than any resume takes to come.
const act = `
  exec 9>"$DIR/lock"
  flock -n 9 || { echo "$LOOPS_IDEMPOTENCY_KEY" >>"$DIR/beside"; exit 99; }
  echo "$LOOPS_IDEMPOTENCY_KEY" >>"$DIR/ledger"
  echo "$LOOPS_LOOP $LOOPS_STATE"
  sleep 0.00$((RANDOM % 10))
  kill -0 "$ENGINE" 2>/dev/null || sleep 60
`;
const done = { terminal: true };
const failed = { terminal: true };
const ways = { on_no: "failed", on_error: "failed" };

const inner = defineLoop({
  name: "inner",
  initial: "dig",
  states: {
    dig: { action: act, capture: "found", next: "check", on_error: "failed" },
    check: { action: `${act}[ "$LOOPS_ITERATION" -ge 4 ]`, on_yes: "done", on_no: "dig", on_error: "failed" },
    done,
    failed,
  },
});
const middle = defineLoop({
  name: "middle",
  initial: "open",
  states: {
    open: { action: act, capture: "opened", on_yes: "inside", ...ways },
    inside: { loop: "inner", context_passthrough: true, on_yes: "close", ...ways },
    close: { action: `${act}echo \${captured.inside.found.output:shell}`, capture: "closed", on_yes: "done", ...ways },
    done,
    failed,
  },
});
const outer = defineLoop({
  name: "outer",
  initial: "sub",
  states: {
    sub: { loop: "middle", on_yes: "check", ...ways },
    check: { action: `${act}[ "$LOOPS_ITERATION" -ge 6 ]`, on_yes: "done", on_no: "sub", on_error: "failed" },
    done,
    failed,
  },
});
const loops = { inner, middle };

const bus = createBus();
bus.addTransport(inlineSink(dir));
bus.addTransport(bufferedSink(dir));
bus.on("*", () => process.stdout.write("."));
const options = {
  bus,
  store: fileStore({ dir: join(dir, ".loops") }),
  resolveLoop: (name) => loops[name],
  actionEnv: () => ({ DIR: dir, ENGINE: String(process.pid) }),
};
try {
  const run = () => runLoop({ definition: outer, ...options });
  const result = await (mode === "run" ? run() : resumeLoop({ run: "outer", ...options }));
  process.exitCode = result.status === "completed" && result.final_state === "done" ? 0 : 1;
} catch (error) {
  // The kill came behind the very last flush: there is nothing left to do.
  if (!isLoopsError(error, "LOOPS_NOT_RESUMABLE")) throw error;
}
await bus.close();
