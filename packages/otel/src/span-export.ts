import {
  type BatchTransport,
  batchTransport,
  type EncodedEvent,
  isLoopsError,
  LoopsError,
  type OnError,
  type RetryOptions,
} from "@loops/core";
import { context, ROOT_CONTEXT } from "@opentelemetry/api";
import type { ReadableSpan } from "@opentelemetry/sdk-trace-base";
import { attributesBytes, boundedText } from "./attribute-value.js";
import type { Ledger } from "./ledger.js";
import type { Sender } from "./sender.js";

/** An ended span, with the number of events that it stands for. */
export interface EndedSpan {
  readonly span: ReadableSpan;
  readonly carried: number;
}

/** How spans become a request, and an answer an object: of `@opentelemetry/otlp-transformer`. */
export interface Encoding {
  serializeRequest(spans: ReadableSpan[]): Uint8Array | undefined;
  deserializeResponse(body: Uint8Array): {
    readonly partialSuccess?: {
      readonly rejectedSpans?: number | string | undefined;
      readonly errorMessage?: string | undefined;
    };
  };
}

export interface SpanExportOptions {
  readonly sender: Sender;
  readonly encoding: Encoding;
  readonly ledger: Ledger;
  /** Makes a context in which instrumentation records nothing: exporting spans must not make spans. */
  readonly suppress: typeof import("@opentelemetry/core").suppressTracing;
  readonly bounds: {
    readonly maxQueueItems: number;
    readonly maxQueueBytes: number;
    readonly maxBatchItems: number;
    readonly flushIntervalMs: number;
    readonly writeTimeoutMs: number;
    readonly retry: RetryOptions;
    readonly flushTimeoutMs: number | undefined;
    readonly closeTimeoutMs: number | undefined;
    readonly exitGraceMs: number | undefined;
  };
  readonly onError: OnError | undefined;
  readonly report: (error: unknown) => void;
}

const nothing = {} as EncodedEvent;

/** The queue of ended spans: batches, retries and bounds are those of core, and the accounts are kept in events. */
export class SpanExport {
  readonly queue: BatchTransport;
  readonly #options: SpanExportOptions;
  /** Spans that the queue did not take. */
  #refused = 0;

  constructor(options: SpanExportOptions) {
    this.#options = options;
    const { maxBatchItems, ...bounds } = options.bounds;
    this.queue = batchTransport<EndedSpan>({
      name: "otel",
      ...bounds,
      maxBatchItems: Math.min(maxBatchItems, bounds.maxQueueItems),
      maxBatchBytes: 4_194_304,
      onError: options.onError,
      prepare: (offered) => offered["ended"] as EndedSpan,
      sizeOf: ({ span }) => sizeOf(span),
      write: (batch, { signal }) => this.#write(batch, signal),
      onDeadLetter: (items, error) => this.#lost(items, error),
      close: () => options.sender.close(),
    });
  }

  add(span: ReadableSpan, carried: number): void {
    this.queue.send({ event: span.name, ts: "", id: "", ended: { span, carried } satisfies EndedSpan }, nothing);
    const { dropped } = this.queue.stats();
    const refused = (dropped["overflow"] ?? 0) + (dropped["closed"] ?? 0) + (dropped["disabled"] ?? 0);
    if (refused === this.#refused) return;
    this.#refused = refused;
    this.#options.ledger.dropSpan("overflow", carried);
  }

  async #write(batch: readonly EndedSpan[], signal: AbortSignal): Promise<void> {
    const { ledger, sender, encoding, suppress } = this.#options;
    const events = batch.reduce((sum, { carried }) => sum + carried, 0);
    const abandoned = () => {
      ledger.inFlight -= events;
    };
    ledger.inFlight += events;
    signal.addEventListener("abort", abandoned, { once: true });
    try {
      const body = encoding.serializeRequest(batch.map(({ span }) => span)) ?? new Uint8Array();
      const answer = await context.with(suppress(ROOT_CONTEXT), () => sender.send(body, signal));
      // Late: the queue has given this attempt up, and the batch is tried again, or lost.
      if (signal.aborted) throw signal.reason;
      this.#settle(batch, this.#rejected(answer, batch.length));
    } finally {
      signal.removeEventListener("abort", abandoned);
      if (!signal.aborted) ledger.inFlight -= events;
    }
  }

  /** How many spans of an accepted request the endpoint has refused all the same. */
  #rejected(answer: Uint8Array, sent: number): number {
    if (answer.length === 0) return 0;
    let rejected: number;
    let why: string | undefined;
    try {
      const { partialSuccess } = this.#options.encoding.deserializeResponse(answer);
      rejected = Math.min(sent, Math.max(0, Number(partialSuccess?.rejectedSpans ?? 0) || 0));
      why = partialSuccess?.errorMessage;
    } catch {
      // Taken, and answered with something else than the specification asks for: a proxy may say "OK".
      return 0;
    }
    if (rejected > 0 || why) {
      const message = `[otel] the endpoint refused ${rejected} of ${sent} spans: ${boundedText(String(why || "no reason given"), 200)}`;
      this.#options.report(new LoopsError("LOOPS_DELIVERY", message));
    }
    return rejected;
  }

  /** An answer says how many spans were refused, not which: those with the most events count as such, so never too few. */
  #settle(batch: readonly EndedSpan[], rejected: number): void {
    const { ledger } = this.#options;
    const largestFirst = rejected > 0 ? batch.toSorted((a, b) => b.carried - a.carried) : batch;
    largestFirst.forEach(({ carried }, index) => {
      if (index < rejected) ledger.dropSpan("rejected", carried);
      else ledger.deliverSpan(carried);
    });
  }

  #lost(items: readonly EndedSpan[], error: unknown): void {
    const reason = isLoopsError(error, "LOOPS_CLOSE_TIMEOUT") ? "deadline" : "dead-letter";
    for (const { carried } of items) this.#options.ledger.dropSpan(reason, carried);
  }
}

/** About what a span takes in memory: its texts, and a constant for what holds them. */
function sizeOf({ name, attributes, events }: ReadableSpan): number {
  let size = 512 + name.length + attributesBytes(attributes);
  for (const { attributes: own = {} } of events) size += 128 + attributesBytes(own);
  return size;
}
