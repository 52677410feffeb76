import { errorMessage, isLoopsError } from "@loops/core";
import type { RunError } from "../run-state.js";

/** Anything thrown, as it is kept with a run. */
export function toRunError(error: unknown, state: string): RunError {
  return { type: isLoopsError(error) ? error.code : "LOOPS_ENGINE", message: errorMessage(error), state };
}
