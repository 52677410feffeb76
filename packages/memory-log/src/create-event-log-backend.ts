import { LoopsError } from "@loops/core";
import type { EventLogBackend } from "./backend.js";
import { createDisabledLog } from "./disabled-log.js";
import { createMemoryLog } from "./memory-log.js";
import { describe, type MemoryLogOptions } from "./options.js";

/** Which backend a name in a configuration means. */
export type BackendChoice = "memory" | "disabled";

const names: ReadonlyMap<string, BackendChoice> = new Map([
  ["memory", "memory"],
  ["disabled", "disabled"],
  ["off", "disabled"],
  ["none", "disabled"],
]);

/**
 * Reads the name of a backend. Case and surrounding blanks do not count; nothing, `null` and `""` mean `memory`.
 *
 * @throws LoopsError `LOOPS_CONFIG` for any other name, listing the known ones
 */
export function backendChoice(name: unknown): BackendChoice {
  if (name === undefined || name === null || name === "") return "memory";
  const wanted = typeof name === "string" ? name.trim().toLowerCase() : undefined;
  const choice = wanted === undefined ? undefined : names.get(wanted === "" ? "memory" : wanted);
  if (choice !== undefined) return choice;
  const known = `known are ${[...names.keys()].join(", ")}`;
  const message =
    wanted === "redis"
      ? `backend "redis" is a package of its own: createRedisLog of @loops/redis-stream; ${known}`
      : `backend must be the name of one, not ${describe(name)}; ${known}`;
  throw new LoopsError("LOOPS_CONFIG", `[memory-log] ${message}`);
}

/**
 * The backend that a configuration names: `memory`, or `disabled` (also `off`, `none`), which keeps nothing.
 *
 * @param name case and surrounding blanks do not count; nothing, `null` and `""` mean `memory`
 * @throws LoopsError `LOOPS_CONFIG` for an unknown name, and for a bound that is not a number
 */
export function createEventLogBackend(name?: string | null, options?: MemoryLogOptions): EventLogBackend {
  return backendChoice(name) === "disabled" ? createDisabledLog() : createMemoryLog(options);
}
