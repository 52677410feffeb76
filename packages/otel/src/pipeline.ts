import { type Deadline, LoopsError, startDeadline, type TransportContext, withDefaults } from "@loops/core";
import type { TracerProvider } from "@opentelemetry/api";
import type * as Core from "@opentelemetry/core";
import type * as Transformer from "@opentelemetry/otlp-transformer";
import { type EnvironmentSettings, readEnvironment } from "./environment.js";
import { grpcSender } from "./grpc-sender.js";
import { httpSender } from "./http-sender.js";
import type { Ledger } from "./ledger.js";
import { loadPackage } from "./load-package.js";
import { type CheckedOptions, exportDefaults, retryDefaults } from "./otel-options.js";
import { type OtlpTarget, otlpTarget } from "./otlp-target.js";
import { type OwnProvider, ownProvider } from "./own-provider.js";
import { type Encoding, SpanExport } from "./span-export.js";
import type { SpanNode } from "./span-node.js";

/** What becomes of spans when they have ended. */
export interface Pipeline {
  readonly provider: TracerProvider;
  readonly ids: OwnProvider["ids"] | undefined;
  /** Whether an event counts as delivered only when its span has arrived somewhere. */
  readonly holds: boolean;
  attach(context: TransportContext): void;
  /** Called before the SDK ends the span, and hands it to its processors. */
  ending(node: SpanNode): void;
  /** Called when it has. */
  ended(node: SpanNode): void;
  flush(deadline: Deadline | undefined): Promise<void>;
  /** Releases what was made here. */
  close(deadline: Deadline): Promise<void>;
}

/** @throws LoopsError `LOOPS_CONFIG`, `LOOPS_OTEL_MISSING` */
export function makePipeline(options: CheckedOptions, ledger: Ledger, report: (error: unknown) => void): Pipeline {
  if (options.tracerProvider !== undefined) return callersPipeline(options.tracerProvider, options, ledger);
  return ownPipeline(options, ledger, report);
}

/** Spans are the provider's as soon as they have ended. */
function callersPipeline(provider: TracerProvider, { flushTimeoutMs }: CheckedOptions, ledger: Ledger): Pipeline {
  const flush = async (deadline: Deadline | undefined): Promise<void> => {
    const target = flushable(provider);
    if (target === undefined) return;
    const due = startDeadline(deadline, flushTimeoutMs);
    if (await due.wait(target.forceFlush())) return;
    throw new LoopsError("LOOPS_FLUSH_TIMEOUT", "[otel] the tracerProvider did not flush by the deadline");
  };
  return {
    provider,
    ids: undefined,
    holds: false,
    attach() {},
    ending() {},
    ended() {
      ledger.spansEnded++;
    },
    flush,
    close: flush,
  };
}

/** The provider, or what stands behind the global one; the API itself knows no flush. */
function flushable(provider: object): { forceFlush(): Promise<void> } | undefined {
  const { getDelegate } = provider as { getDelegate?: () => object };
  const target = typeof getDelegate === "function" ? getDelegate.call(provider) : provider;
  return "forceFlush" in target && typeof target.forceFlush === "function"
    ? (target as { forceFlush(): Promise<void> })
    : undefined;
}

function ownPipeline(options: CheckedOptions, ledger: Ledger, report: (error: unknown) => void): Pipeline {
  const env = readEnvironment(process.env);
  const target = otlpTarget(options, env);
  const spans = new SpanExport({
    sender: target.protocol === "grpc" ? grpcSender(target) : httpSender(target),
    encoding: encodingOf(target),
    suppress: loadPackage<typeof Core>("@opentelemetry/core", "exporting").suppressTracing,
    ledger,
    bounds: boundsOf(options, env, target),
    onError: options.onError,
    report,
  });
  let ending: SpanNode | undefined;
  const { provider, ids } = ownProvider({
    serviceName: options.serviceName,
    disabled: env.disabled,
    onEnd(span) {
      if (ending !== undefined) spans.add(span, ending.carried);
      ending = undefined;
    },
  });
  return {
    provider,
    ids,
    holds: true,
    attach: (context) => spans.queue.attach(context),
    ending(node) {
      ending = node;
    },
    ended(node) {
      ledger.spansEnded++;
      if (ending === undefined) return;
      // Nobody was told: the sampler had left it out.
      ending = undefined;
      ledger.unsampled += node.carried;
      ledger.delivered += node.carried;
    },
    flush: (deadline) => spans.queue.flush(deadline),
    close: (deadline) => spans.queue.close(deadline),
  };
}

function encodingOf({ protocol }: OtlpTarget): Encoding {
  const name = "@opentelemetry/otlp-transformer";
  const { JsonTraceSerializer, ProtobufTraceSerializer } = loadPackage<typeof Transformer>(
    name,
    `protocol ${protocol}`,
  );
  return protocol === "http/json" ? JsonTraceSerializer : ProtobufTraceSerializer;
}

function boundsOf(options: CheckedOptions, env: EnvironmentSettings, { timeoutMs }: OtlpTarget) {
  const { maxQueueBytes, flushTimeoutMs, closeTimeoutMs, exitGraceMs, retry } = options;
  const chosen = {
    maxQueueItems: options.maxQueueItems ?? env.maxQueueItems,
    maxBatchItems: options.maxBatchItems ?? env.maxBatchItems,
    flushIntervalMs: options.flushIntervalMs ?? env.flushIntervalMs,
    timeoutMs,
  };
  const { timeoutMs: writeTimeoutMs, ...sizes } = withDefaults("otel", chosen, exportDefaults);
  return {
    ...sizes,
    writeTimeoutMs,
    maxQueueBytes,
    retry: { ...retryDefaults, ...retry },
    flushTimeoutMs,
    closeTimeoutMs,
    exitGraceMs,
  };
}
