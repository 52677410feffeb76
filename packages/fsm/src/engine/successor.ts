import { once } from "node:events";
import { LoopsError } from "@loops/core";
import { spawnGate } from "../actions/gated-process.js";
import { assertShell, spawnError } from "../actions/spawn-error.js";
import { fill } from "../step/scope.js";
import { fitsEnvironment } from "./captured-environment.js";
import type { Segment } from "./segment.js";

/** A process that is to go on with a run, and waits at its gate until it may. */
export interface Successor {
  /** Lets it begin. From here on it is on its own, and outlives this process. */
  open(): void;
  /** Ends it at its gate. */
  discard(): void;
}

const shell = "bash";

/**
 * Makes the process that goes on with a run after a handoff. Its pid, or `null`, with a warning, where none is to be had:
 * then the run waits for somebody else.
 */
export async function makeSuccessor(segment: Segment, continuation: string): Promise<number | null> {
  const { handoffCommand, warn } = segment.effects;
  const { run_id, loop_name } = segment.lease.state;
  const refuse = (why: string, cause?: unknown) => {
    const message = `[engine] no successor for run ${run_id} of loop "${loop_name}": ${why}. Go on with it by resuming it.`;
    warn(new LoopsError("LOOPS_HANDOFF", message, cause === undefined ? undefined : { cause }));
    return null;
  };
  if (handoffCommand === undefined) return refuse("its on_handoff is spawn, and there is no handoffCommand to spawn");
  try {
    const { pid, successor } = await spawnSuccessor(segment, handoffCommand, continuation);
    segment.successor = successor;
    return pid;
  } catch (error) {
    return refuse("its process could not be made", error);
  }
}

async function spawnSuccessor(segment: Segment, template: string, continuation: string) {
  const { lease, effects } = segment;
  const { state } = lease;
  const facts = { elapsedMs: segment.elapsedMs(), env: effects.env, stopRequested: false };
  const env = {
    ...process.env,
    LOOPS_RUN_ID: state.run_id,
    LOOPS_LOOP: state.loop_name,
    LOOPS_STATE: state.current_state,
    // What is too large for it can be had from the run.
    ...(fitsEnvironment(continuation) && { LOOPS_CONTINUATION_PROMPT: continuation }),
  };
  const command = fill(template, { definition: state.definition, state, facts });
  const target = { shell, command, cwd: effects.cwd, env };
  assertShell(target);
  try {
    // No pipes to this process: it ends before its successor does.
    const child = spawnGate(target, ["pipe", "ignore", "ignore"]);
    if (child.pid === undefined) await once(child, "spawn");
    const { pid, stdin } = child;
    if (pid === undefined || stdin === null) throw new TypeError("A spawned process has neither pid nor input.");
    // A gate that died of something else cannot be opened; the run waits for somebody else then.
    stdin.on("error", () => stdin.destroy());
    const successor: Successor = {
      open: () => {
        stdin.end("\n");
        child.unref();
      },
      discard: () => {
        // Closed instead of opened, the gate ends by itself.
        stdin.destroy();
        child.unref();
      },
    };
    return { pid, successor };
  } catch (error) {
    throw spawnError(target, error);
  }
}
