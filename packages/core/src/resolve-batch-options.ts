import { retryDefaults } from "./backoff.js";
import { type BatchTransportOptions, batchDefaults } from "./batch-options.js";
import { LoopsError } from "./errors.js";
import type { EncodedEvent, LoopEvent } from "./event.js";
import { withDefaults } from "./options.js";

/** {@link BatchTransportOptions} with everything filled in that has a default. */
export interface ResolvedBatchOptions<T> {
  /** As given, with the numbers filled in. Its functions are called on it, so that they may use `this`. */
  readonly options: BatchTransportOptions<T> & typeof batchDefaults;
  readonly retry: typeof retryDefaults;
  readonly prepare: (event: LoopEvent, encoded: EncodedEvent) => T;
  /** Cheap, for each item. */
  readonly sizeOf: (item: T) => number;
  /** Exact, for items that have to wait. */
  readonly measure: (item: T) => number;
}

/** @throws LoopsError `LOOPS_CONFIG` */
export function resolveBatchOptions<T>(given: BatchTransportOptions<T>): ResolvedBatchOptions<T> {
  const { name, overflow, write, writeSync } = given;
  if (typeof name !== "string" || typeof write !== "function") {
    throw new LoopsError("LOOPS_CONFIG", "[batchTransport] needs a name and a function write(batch)");
  }
  if (overflow === "flush-sync" && writeSync === undefined) {
    throw new LoopsError("LOOPS_CONFIG", `[${name}] overflow: "flush-sync" needs a sink that can write synchronously`);
  }
  const sizeOf = given.sizeOf?.bind(given);
  return {
    options: withDefaults(name, given, batchDefaults),
    retry: withDefaults(name, given.retry ?? {}, retryDefaults),
    // Without `prepare` an item is the event's JSON text; one byte more is what separates it from the next.
    prepare: given.prepare?.bind(given) ?? ((_event, encoded) => encoded.json as T),
    // What is no text has no size of its own: NaN, which `send` refuses.
    sizeOf: sizeOf ?? ((item) => (typeof item === "string" ? item.length + 1 : Number.NaN)),
    measure: sizeOf ?? ((item) => Buffer.byteLength(item as string) + 1),
  };
}
