import { LoopsError } from "@loops/core";
import { checkKnownOptions } from "@loops/core/names";
import type { RingBounds } from "./ring.js";

/** Bounds and clock of a memory log. A bound that is zero or negative is replaced by its default. */
export interface MemoryLogOptions {
  /** Milliseconds for which an event is kept; one exactly as old stays. @default 3600000 (an hour) */
  readonly ttlMs?: number | undefined;
  /** At most so many events are kept. @default 10000 */
  readonly maxEntries?: number | undefined;
  /**
   * Memory of the kept text, two bytes for each UTF-16 unit of an event's JSON. An event that is larger by itself is
   * kept as a stub that says so.
   * @default 67108864 (64 MiB)
   */
  readonly maxBytes?: number | undefined;
  /** The clock, milliseconds since 1970. Anything but a function is the real clock. @default Date.now */
  readonly now?: (() => number) | undefined;
}

/** {@link MemoryLogOptions} with every default filled in. */
export interface ResolvedOptions extends RingBounds {
  readonly now: () => number;
}

const defaults = { ttlMs: 3_600_000, maxEntries: 10_000, maxBytes: 64 * 1024 * 1024 };

/** @throws LoopsError `LOOPS_CONFIG` when a bound is not a number or an option is not known, naming it */
export function resolveOptions(options: MemoryLogOptions = {}): ResolvedOptions {
  checkKnownOptions("memory-log", options, [...Object.keys(defaults), "now"]);
  return {
    ttlMs: bound(options, "ttlMs"),
    maxEntries: bound(options, "maxEntries"),
    maxBytes: bound(options, "maxBytes"),
    now: typeof options.now === "function" ? options.now : Date.now,
  };
}

function bound(options: MemoryLogOptions, name: keyof typeof defaults): number {
  const value: unknown = options[name] ?? defaults[name];
  if (typeof value !== "number" || Number.isNaN(value)) {
    throw new LoopsError("LOOPS_CONFIG", `[memory-log] ${name} must be a number, not ${describe(value)}`);
  }
  return value > 0 ? Math.max(1, Math.floor(value)) : defaults[name];
}

/** A wrong value for a message: short, and whatever it is. */
export function describe(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  if (value === null || typeof value === "number" || typeof value === "boolean") return String(value);
  return Array.isArray(value) ? "a list" : `a value of type ${typeof value}`;
}
