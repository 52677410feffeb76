import type { TracerProvider } from "@opentelemetry/api";
import type * as Resources from "@opentelemetry/resources";
import type * as SdkTrace from "@opentelemetry/sdk-trace-base";
import { loadPackage } from "./load-package.js";

export interface OwnProviderOptions {
  /** Wins over the environment; @default "little-loops" where that names none */
  readonly serviceName: string | undefined;
  /** No span is recorded. */
  readonly disabled: boolean;
  /** Is given each ended span that is sampled. */
  readonly onEnd: (span: SdkTrace.ReadableSpan) => void;
}

/** A provider that is made here, and the ids of its spans. It is never registered as the global one. */
export interface OwnProvider {
  readonly provider: TracerProvider;
  readonly ids: OwnIds;
}

const install = "@opentelemetry/sdk-trace-base @opentelemetry/resources";

/** Sampler and limits are those of the environment. @throws LoopsError `LOOPS_OTEL_MISSING` */
export function ownProvider({ serviceName, disabled, onEnd }: OwnProviderOptions): OwnProvider {
  const sdk = loadPackage<typeof SdkTrace>("@opentelemetry/sdk-trace-base", "a provider of its own", install);
  const ids = new OwnIds(new sdk.RandomIdGenerator());
  const processor: SdkTrace.SpanProcessor = {
    onStart() {},
    onEnd,
    forceFlush: async () => {},
    shutdown: async () => {},
  };
  const resource = resourceOf(serviceName);
  const sampler = disabled ? { sampler: new sdk.AlwaysOffSampler() } : {};
  const provider = new sdk.BasicTracerProvider({ resource, idGenerator: ids, spanProcessors: [processor], ...sampler });
  return { provider, ids };
}

function resourceOf(serviceName: string | undefined): Resources.Resource {
  const { defaultResource, detectResources, envDetector, resourceFromAttributes } = loadPackage<typeof Resources>(
    "@opentelemetry/resources",
    "a provider of its own",
    install,
  );
  const named = resourceFromAttributes({ "service.name": "little-loops" });
  const resource = defaultResource()
    .merge(named)
    .merge(detectResources({ detectors: [envDetector] }));
  return serviceName === undefined ? resource : resource.merge(resourceFromAttributes({ "service.name": serviceName }));
}

/** Ids of spans, random but for one that was promised to somebody. */
class OwnIds implements SdkTrace.IdGenerator {
  readonly #random: SdkTrace.IdGenerator;
  #next: string | undefined;

  constructor(random: SdkTrace.IdGenerator) {
    this.#random = random;
  }

  newSpanId(): string {
    return this.#random.generateSpanId();
  }

  /** The id of the span that is started next. */
  setNext(spanId: string | undefined): void {
    this.#next = spanId;
  }

  generateTraceId(): string {
    return this.#random.generateTraceId();
  }

  generateSpanId(): string {
    return this.#next ?? this.#random.generateSpanId();
  }
}
