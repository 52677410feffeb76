import type { WireContext } from "@loops/core";
import { backendChoice } from "./create-event-log-backend.js";
import { type MemoryLogTransport, memoryLogTransport } from "./memory-log-transport.js";
import { type MemoryLogOptions, resolveOptions } from "./options.js";

const known = ["backend", "ttlMs", "maxEntries", "maxBytes"];

/**
 * The factory for `wireTransports`. Options: `backend` (see `createEventLogBackend`), `ttlMs`, `maxEntries`,
 * `maxBytes`; `null` counts as absent. A disabled backend wires nothing and says so.
 *
 * @throws LoopsError `LOOPS_CONFIG` for an unknown backend, and for a bound that is not a number
 */
export function createTransport(
  options: Readonly<Record<string, unknown>>,
  context: WireContext,
): MemoryLogTransport | null {
  const unknown = Object.keys(options).filter((key) => !known.includes(key));
  if (unknown.length > 0) {
    context.warn(`[memory-log] ignoring ${unknown.map(quote).join(", ")}; the options are ${known.join(", ")}`);
  }
  const { backend, ttlMs, maxEntries, maxBytes } = options;
  // Unchecked values: `resolveOptions` is what checks them, also for callers without types.
  const bounds = { ttlMs, maxEntries, maxBytes } as MemoryLogOptions;
  if (backendChoice(backend) === "memory") return memoryLogTransport(bounds);
  resolveOptions(bounds);
  context.warn(`[memory-log] backend ${quote(backend)}: nothing is wired and no event is kept`);
  return null;
}

function quote(value: unknown): string {
  return JSON.stringify(value);
}
