import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { type OnError, withDefaults } from "@loops/core";
import { checkKnownOptions } from "@loops/core/names";
import type { ConnectionOptions } from "../connection.js";
import type { StreamEvent } from "../entry.js";
import { streamKeys } from "../partition.js";
import { isPartitionCount, requireOption, requireSignal, textOption } from "../require-option.js";
import type { DeadLetter } from "./dead-letter.js";
import type { GroupGap } from "./gap.js";

/** What a handler is told beside the event. */
export interface Delivery {
  /**
   * Aborts when the result no longer counts: another consumer has claimed the entry (`LOOPS_CLAIM_LOST`), the consumer
   * stops (`LOOPS_CONSUMER_STOPPED`), or `handleTimeoutMs` is over (`LOOPS_HANDLER`). Its `reason` is that error.
   */
  readonly signal: AbortSignal;
  /** How often the entry was given to a consumer, this time counted. From 2 on it may have been handled before. */
  readonly deliveries: number;
  /** `<ms>-<n>`: the same at every delivery, so a key for what must not be done twice. */
  readonly streamId: string;
  /** The key of the stream, or of its partition. */
  readonly stream: string;
}

/**
 * Does the work for one event. When it returns, or its promise resolves, the entry is acknowledged. When it throws, the
 * entry is delivered again later.
 */
export type Handle = (event: StreamEvent, delivery: Delivery) => unknown;

export interface ConsumeGroupOptions extends ConnectionOptions {
  /** @default "maf:events" */
  readonly stream?: string | undefined;
  /** The consumers of one group share the entries; each group gets all of them. Made when it is not there. */
  readonly group: string;
  /**
   * A name that no other living consumer of the group has. One that stays the same over restarts takes up at once what
   * it had.
   * @default host, process id and eight random digits
   */
  readonly consumer?: string | undefined;
  /** As many as the transport writes to. @default 1 */
  readonly partitions?: number | undefined;
  readonly handle: Handle;
  /** Where a group that is made begins: `"0"` all there is, `"$"` what comes from now on, or after an id. @default "0" */
  readonly from?: string | undefined;
  /** Events handled at a time. @default 1 */
  readonly concurrency?: number | undefined;
  /** Entries read ahead at most: they wait in this process. 1 for slow handlers. @default 50 */
  readonly count?: number | undefined;
  /** Longest wait of one read. @default 5000 */
  readonly blockMs?: number | undefined;
  /** Without a heartbeat for so long an entry is claimed by another consumer. The same for the whole group. @default 30000 */
  readonly claimIdleMs?: number | undefined;
  /** How often entries that are held are refreshed. @default a third of `claimIdleMs` */
  readonly heartbeatMs?: number | undefined;
  /** As often as this an entry is delivered; then it is a dead letter. @default 5 */
  readonly maxDeliveries?: number | undefined;
  /** Pauses before an event whose handler threw is delivered again, at most `claimIdleMs`. @default 1000 to 30000 */
  readonly retry?: { readonly baseMs?: number | undefined; readonly maxMs?: number | undefined } | undefined;
  /** A handler has failed after so long. @default never: a handler that lives keeps its entry */
  readonly handleTimeoutMs?: number | undefined;
  /**
   * Where dead letters go. `null`: to `onDeadLetter` only.
   * @default `<stream>:dead`, or `null` where `onDeadLetter` is given
   */
  readonly deadLetterStream?: string | null | undefined;
  /** Takes a dead letter. The entry is acknowledged when it returns, and comes again when it throws. */
  readonly onDeadLetter?: ((letter: DeadLetter, options: { readonly signal: AbortSignal }) => unknown) | undefined;
  /** Is told where entries are missing: trimmed before they were handled, or gone with the group. */
  readonly onGap?: ((gap: GroupGap) => void) | undefined;
  /** Consumers without anything pending are removed from the group after so long. `Infinity`: never. @default 3600000 */
  readonly removeIdleMs?: number | undefined;
  /** Longest wait for the answer to a command. @default 5000 */
  readonly commandTimeoutMs?: number | undefined;
  /** How long `stop` waits for handlers. @default 10000 */
  readonly stopTimeoutMs?: number | undefined;
  /** Stops the consumer. */
  readonly signal?: AbortSignal | undefined;
  /** @default a process warning */
  readonly onError?: OnError | undefined;
}

const defaults = {
  partitions: 1,
  concurrency: 1,
  count: 50,
  blockMs: 5000,
  claimIdleMs: 30_000,
  maxDeliveries: 5,
  handleTimeoutMs: Number.POSITIVE_INFINITY,
  removeIdleMs: 3_600_000,
  connectTimeoutMs: 5000,
  commandTimeoutMs: 5000,
  stopTimeoutMs: 10_000,
};

const known = [
  "url",
  "client",
  "stream",
  "group",
  "consumer",
  "handle",
  "from",
  "heartbeatMs",
  "retry",
  "deadLetterStream",
  "onDeadLetter",
  "onGap",
  "signal",
  "onError",
  ...Object.keys(defaults),
];

const name = "redis-stream";

/** @throws LoopsError `LOOPS_CONFIG` */
export function resolveGroupOptions(given: ConsumeGroupOptions) {
  checkKnownOptions(name, given, known);
  const options = withDefaults(name, given, defaults);
  const { claimIdleMs, partitions, handle, group } = options;
  checkKnownOptions(name, given.retry ?? {}, ["baseMs", "maxMs"]);
  const retry = withDefaults(name, given.retry ?? {}, { baseMs: 1000, maxMs: 30_000 });
  const { heartbeatMs } = withDefaults(name, { heartbeatMs: given.heartbeatMs }, { heartbeatMs: claimIdleMs / 3 });
  const { stream, consumer, from, deadLetterStream } = textOptions(given);

  requireOption(group !== "" && typeof group === "string", "group", "must be a text that is not empty", group);
  requireOption(typeof handle === "function", "handle", "must be a function (event, { signal }) => …", handle);
  requireOption(isPartitionCount(partitions), "partitions", "must be a whole number from 1 to 1024", partitions);
  requireSignal(given.signal);
  for (const option of ["concurrency", "count"] as const) {
    requireOption(isCount(options[option]), option, "must be a whole number from 1", options[option]);
  }
  const { maxDeliveries } = options;
  const bounded = isCount(maxDeliveries) || maxDeliveries === Number.POSITIVE_INFINITY;
  requireOption(bounded, "maxDeliveries", "must be a whole number from 1, or Infinity", maxDeliveries);
  for (const option of ["claimIdleMs", "blockMs"] as const) {
    requireOption(Number.isFinite(options[option]), option, "must be finite", options[option]);
  }
  const beats = heartbeatMs >= 1 && heartbeatMs * 2 <= claimIdleMs;
  requireOption(beats, "heartbeatMs", `must be from 1 to half of claimIdleMs (${claimIdleMs})`, heartbeatMs);
  requireOption(/^(\$|\d+(-\d+)?)$/.test(from), "from", 'must be "0", "$" or an id such as "1700000000000-0"', from);
  const kept = deadLetterStream !== null || given.onDeadLetter !== undefined;
  requireOption(kept, "deadLetterStream", "must be the key of a stream where there is no onDeadLetter", null);
  const apart = deadLetterStream === null || ![stream, ...streamKeys(stream, partitions)].includes(deadLetterStream);
  requireOption(apart, "deadLetterStream", "must not be a stream that is read", deadLetterStream);
  return { ...options, stream, consumer, from, heartbeatMs, retry, deadLetterStream };
}

function textOptions(given: ConsumeGroupOptions) {
  const stream = textOption("stream", given.stream, "maf:events");
  const dead = given.deadLetterStream;
  const toStream = dead === undefined ? given.onDeadLetter === undefined : dead !== null;
  return {
    stream,
    from: textOption("from", given.from, "0"),
    consumer: textOption("consumer", given.consumer, uniqueName()),
    deadLetterStream: toStream ? textOption("deadLetterStream", dead, `${stream}:dead`) : null,
  };
}

export type ResolvedGroupOptions = ReturnType<typeof resolveGroupOptions>;

function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 1;
}

/** A name of this process alone, that tells a person where to look. */
function uniqueName(): string {
  return `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`;
}
