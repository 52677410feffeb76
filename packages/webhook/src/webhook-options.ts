import { type LoopEvent, LoopsError, type OnError, withDefaults } from "@loops/core";
import { checkKnownOptions } from "@loops/core/names";
import type { DeadLetter } from "./dead-letters.js";
import { type Endpoint, endpointOf } from "./endpoint.js";
import { parseSecrets, type SigningKey } from "./signature.js";

/** How a batch becomes a body: a JSON array, JSON lines, or a CloudEvents batch. */
export type WebhookFormat = "json" | "ndjson" | "cloudevents";

/** What `transform` returns: the body, an object that becomes JSON, or `null` to send nothing. */
export type WebhookBody = string | object | null;

/** Where events wait that are not delivered yet, so that they survive a restart. */
export interface SpoolOptions {
  /** A directory of its own; it is made if it is not there. One sink can have it at a time. */
  readonly path: string;
  /** Bytes on the disk at most; above that new events are dropped and counted (`spool-full`). @default 67108864 */
  readonly maxBytes?: number | undefined;
  /** Forces each event to the disk, so that it survives a loss of power: a millisecond or so for each. @default false */
  readonly fsync?: boolean | undefined;
}

export interface WebhookTransportOptions {
  /** `http:` or `https:`. A user and a password in it are sent as an `Authorization` header, and never shown. */
  readonly url: string | URL;
  /** Added to each request; names in any case. @default none */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** `whsec_<base64>`, 24 bytes or more: signs each request. Several sign it side by side, for rotation. @default none */
  readonly secret?: string | readonly string[] | undefined;
  /** @default "json" */
  readonly format?: WebhookFormat | undefined;
  /** `source` of CloudEvents, a URI reference. @default "loops" */
  readonly source?: string | undefined;
  /**
   * Makes the body of a batch, for endpoints with a form of their own. Called once for each batch, synchronously.
   * `null` sends nothing: the events are counted as dropped (`skipped`). If it throws they are dead letters.
   */
  readonly transform?: ((events: readonly LoopEvent[]) => WebhookBody) | undefined;
  /** Bodies of so many bytes or more are compressed. @default Infinity */
  readonly gzipMinBytes?: number | undefined;
  /** One attempt takes at most so long, from connecting to the status. @default 10000 */
  readonly timeoutMs?: number | undefined;
  /** Attempts after the first. @default 3; with a spool `Infinity` */
  readonly maxRetries?: number | undefined;
  /** Upper bound of the first pause, doubled with each further one. @default 500 */
  readonly retryBaseMs?: number | undefined;
  /** Upper bound of every pause of our own. @default 8000 */
  readonly maxRetryMs?: number | undefined;
  /** Upper bound of a pause that `Retry-After` asks for; with 0 none is obeyed. @default 60000 */
  readonly maxRetryAfterMs?: number | undefined;
  /**
   * Whether 400 and 422 split a batch as 413 does, so that one malformed event does not take the others with it. An
   * endpoint that refuses everything is then asked up to twice for each event. @default false
   */
  readonly splitRefused?: boolean | undefined;
  /** An event waits at most so long for its batch to fill. @default 1000 */
  readonly flushIntervalMs?: number | undefined;
  /** @default 1000 */
  readonly maxBatchItems?: number | undefined;
  /** Of the events as JSON. @default 262144 */
  readonly maxBatchBytes?: number | undefined;
  /** Events held in memory at most, those in flight included. @default 10000 */
  readonly maxQueueItems?: number | undefined;
  /** Bytes held in memory at most, those in flight included. @default 16777216 */
  readonly maxQueueBytes?: number | undefined;
  /** What gives way when the queue is full; not with a spool, where it is the newest. @default "drop-newest" */
  readonly overflow?: "drop-newest" | "drop-oldest" | undefined;
  /** @default 10000 */
  readonly flushTimeoutMs?: number | undefined;
  /** @default 10000 */
  readonly closeTimeoutMs?: number | undefined;
  /** A process that just ends is kept alive for undelivered events at most so long. @default 10000 */
  readonly exitGraceMs?: number | undefined;
  /** Is handed what will never be delivered. A promise is not waited for; what it is rejected with is reported. */
  readonly onDeadLetter?: ((letter: DeadLetter) => void) | undefined;
  /** A JSON Lines file to which dead letters are appended, with the reason. @default none */
  readonly deadLetterPath?: string | undefined;
  /** Keeps undelivered events on disk. @default none */
  readonly spool?: SpoolOptions | undefined;
  /** @default the bus's `onError`; without a bus a process warning */
  readonly onError?: OnError | undefined;
}

const numbers = {
  gzipMinBytes: Number.POSITIVE_INFINITY,
  timeoutMs: 10_000,
  retryBaseMs: 500,
  maxRetryMs: 8000,
  maxRetryAfterMs: 60_000,
  flushIntervalMs: 1000,
  maxBatchItems: 1000,
  maxBatchBytes: 262_144,
  maxQueueItems: 10_000,
  maxQueueBytes: 16_777_216,
  flushTimeoutMs: 10_000,
  closeTimeoutMs: 10_000,
  exitGraceMs: 10_000,
};

/** Those that can be configured in a file; a program can give `transform`, `onDeadLetter` and `onError` besides. */
export const configurable: readonly string[] = [
  "url",
  "headers",
  "secret",
  "format",
  "source",
  "maxRetries",
  "splitRefused",
  "overflow",
  "deadLetterPath",
  "spool",
  ...Object.keys(numbers),
];

export interface ResolvedSpool {
  readonly path: string;
  readonly maxBytes: number;
  readonly fsync: boolean;
}

export type ResolvedOptions = Omit<WebhookTransportOptions, "url" | "headers" | "spool"> &
  typeof numbers & {
    readonly endpoint: Endpoint;
    readonly keys: readonly SigningKey[];
    readonly format: WebhookFormat;
    readonly source: string;
    readonly maxRetries: number;
    readonly splitRefused: boolean;
    readonly spool: ResolvedSpool | undefined;
  };

/** @throws LoopsError `LOOPS_CONFIG` */
export function resolveOptions(given: WebhookTransportOptions): ResolvedOptions {
  if (typeof given !== "object" || given === null) throw wrong('needs options: webhookTransport({ url: "https://…" })');
  checkKnownOptions("webhook", given, [...configurable, "transform", "onDeadLetter", "onError"]);
  const { url, headers, secret, format = "json", source = "loops", splitRefused = false, overflow, spool } = given;
  const endpoint = endpointOf(url, headers ?? {});
  if (!["json", "ndjson", "cloudevents"].includes(format))
    throw wrong('format must be "json", "ndjson" or "cloudevents"');
  if (typeof source !== "string" || source === "") throw wrong("source must be a text that is not empty");
  if (typeof splitRefused !== "boolean") throw wrong("splitRefused must be true or false");
  if (overflow !== undefined && overflow !== "drop-newest" && overflow !== "drop-oldest") {
    throw wrong('overflow must be "drop-newest" or "drop-oldest"');
  }
  if (spool !== undefined && overflow === "drop-oldest")
    throw wrong("a full spool drops the newest: leave overflow out");
  for (const name of ["transform", "onDeadLetter", "onError"] as const) {
    if (given[name] !== undefined && typeof given[name] !== "function") throw wrong(`${name} must be a function`);
  }
  if (given.transform !== undefined && given.format !== undefined) throw wrong("give transform or format, not both");
  if (given.deadLetterPath !== undefined && !isPath(given.deadLetterPath))
    throw wrong("deadLetterPath must name a file");
  for (const name of ["timeoutMs", "maxBatchItems", "maxBatchBytes", "maxQueueItems", "maxQueueBytes"] as const) {
    if (given[name] === 0) throw wrong(`${name} must be 1 or more`);
  }
  const maxRetries = spool === undefined ? 3 : Number.POSITIVE_INFINITY;
  const resolved = withDefaults("webhook", given, { ...numbers, maxRetries });
  const keys = secret === undefined ? [] : parseSecrets(secret);
  return { ...resolved, endpoint, keys, format, source, splitRefused, spool: resolveSpool(spool) };
}

function resolveSpool(given: SpoolOptions | undefined): ResolvedSpool | undefined {
  if (given === undefined) return undefined;
  if (typeof given !== "object" || given === null || !isPath(given.path)) {
    throw wrong('spool must name a directory: spool: { path: "webhook-spool" }');
  }
  checkKnownOptions("webhook spool", given, ["path", "maxBytes", "fsync"]);
  const { path, maxBytes, fsync = false } = withDefaults("webhook", given, { maxBytes: 67_108_864 });
  if (maxBytes < 4096) throw wrong("spool.maxBytes must be 4096 or more");
  if (typeof fsync !== "boolean") throw wrong("spool.fsync must be true or false");
  return { path, maxBytes, fsync };
}

function isPath(value: unknown): value is string {
  return typeof value === "string" && value !== "" && !value.includes("\0");
}

function wrong(what: string): LoopsError {
  return new LoopsError("LOOPS_CONFIG", `[webhook] ${what}`);
}
