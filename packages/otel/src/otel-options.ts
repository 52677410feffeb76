import { LoopsError, type OnError, type RetryOptions, withDefaults } from "@loops/core";
import { checkKnownOptions } from "@loops/core/names";
import type { MeterProvider, TracerProvider } from "@opentelemetry/api";
import type { Protocol } from "./environment.js";
import type { RootParent } from "./span-writer.js";

/** Options of {@link otelTransport}. Where an `OTEL_*` variable is named, it stands between the option and the default. */
export interface OtelTransportOptions {
  /**
   * Makes the spans. It is flushed where it can be, and never shut down. Options that concern the way to an endpoint then
   * have no effect. @default one that is made here, exports with OTLP, and is not registered anywhere
   */
  readonly tracerProvider?: TracerProvider | undefined;
  /** Counts runs, iterations and verdicts, and measures actions. @default no metrics */
  readonly meterProvider?: MeterProvider | undefined;
  /**
   * Base URL; spans go to `/v1/traces` below it, unless it ends with that.
   * @default `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`, `OTEL_EXPORTER_OTLP_ENDPOINT`, "http://localhost:4318", with gRPC "http://localhost:4317"
   */
  readonly endpoint?: string | undefined;
  /** @default `OTEL_EXPORTER_OTLP_TRACES_PROTOCOL`, `OTEL_EXPORTER_OTLP_PROTOCOL`, "grpc" for port 4317, "http/protobuf" */
  readonly protocol?: Protocol | undefined;
  /** Sent with each request, for authorization. Over those of `OTEL_EXPORTER_OTLP_HEADERS`. @default none */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** `service.name` of the resource. @default `OTEL_SERVICE_NAME`, "little-loops" */
  readonly serviceName?: string | undefined;
  /**
   * Where a run hangs that is part of no other run: `none` makes it the root of a trace; `env` puts it below the span that
   * the environment names (`TRACEPARENT`), as for a loop that an action of another loop starts; `active` below the span
   * that is active where its first event is emitted, else as `env`. @default "env"
   */
  readonly rootParent?: RootParent | undefined;
  /** Events of types that this sink is not about: nothing, or span events, and spans of their own outside of a run. @default "ignore" */
  readonly otherEvents?: "ignore" | "record" | undefined;
  /** Whether spans show what actions print. @default true */
  readonly recordOutput?: boolean | undefined;
  /** Runs whose spans are open at once; one more, and those of the one that was silent longest end, unfinished. @default 1000 */
  readonly maxOpenRuns?: number | undefined;
  /** Span events of one span. @default 128 */
  readonly maxSpanEvents?: number | undefined;
  /** Lines of output on one span. @default 100 */
  readonly maxOutputLines?: number | undefined;
  /** Characters (UTF-16 units) of output lines on one span. @default 16384 */
  readonly maxOutputChars?: number | undefined;
  /** Characters (UTF-16 units) of one attribute. @default 1024 */
  readonly maxAttributeLength?: number | undefined;
  /** Ended spans that wait for export. @default `OTEL_BSP_MAX_QUEUE_SIZE`, 10000 */
  readonly maxQueueItems?: number | undefined;
  /** About so many bytes of them. @default 33554432 */
  readonly maxQueueBytes?: number | undefined;
  /** Spans of one request. @default `OTEL_BSP_MAX_EXPORT_BATCH_SIZE`, 512 */
  readonly maxBatchItems?: number | undefined;
  /** An ended span waits at most so long for others. @default `OTEL_BSP_SCHEDULE_DELAY`, 1000 */
  readonly flushIntervalMs?: number | undefined;
  /** One request takes at most so long. @default `OTEL_EXPORTER_OTLP_TRACES_TIMEOUT`, `OTEL_EXPORTER_OTLP_TIMEOUT`, 10000 */
  readonly timeoutMs?: number | undefined;
  /** @default 3 retries, pauses of up to 250, 500 and 1000 ms */
  readonly retry?: RetryOptions | undefined;
  /** @default 10000 */
  readonly flushTimeoutMs?: number | undefined;
  /** @default 10000 */
  readonly closeTimeoutMs?: number | undefined;
  /** A process that just ends is kept alive for spans at most so long. @default 10000 */
  readonly exitGraceMs?: number | undefined;
  /** @default the bus's `onError`; without a bus a process warning */
  readonly onError?: OnError | undefined;
}

const bounds = {
  maxOpenRuns: 1000,
  maxSpanEvents: 128,
  maxOutputLines: 100,
  maxOutputChars: 16_384,
  maxAttributeLength: 1024,
  maxQueueBytes: 33_554_432,
  flushTimeoutMs: 10_000,
  closeTimeoutMs: 10_000,
  exitGraceMs: 10_000,
};

/** Of what a variable of the environment may say, too. */
export const exportDefaults = { maxQueueItems: 10_000, maxBatchItems: 512, flushIntervalMs: 1000, timeoutMs: 10_000 };

export const retryDefaults = { maxRetries: 3, baseMs: 250, maxMs: 1000 };

/** What a configuration file may name. */
export const configurable = [
  "endpoint",
  "protocol",
  "headers",
  "serviceName",
  "rootParent",
  "otherEvents",
  "recordOutput",
  ...Object.keys(bounds),
  "maxQueueItems",
  "maxBatchItems",
  "flushIntervalMs",
  "timeoutMs",
  "retry",
];

const known = [...configurable, "tracerProvider", "meterProvider", "onError"];

const choices = {
  rootParent: ["none", "env", "active"],
  otherEvents: ["ignore", "record"],
  recordOutput: [true, false],
} as const;

/** Options with the defaults of those that no variable has a say in. */
export type CheckedOptions = OtelTransportOptions & typeof bounds & Choices;

interface Choices {
  readonly rootParent: RootParent;
  readonly otherEvents: "ignore" | "record";
  readonly recordOutput: boolean;
}

/** @throws LoopsError `LOOPS_CONFIG` */
export function checkOptions(given: OtelTransportOptions): CheckedOptions {
  if (typeof given !== "object" || given === null) throw wrong("otelTransport({ ... }) takes an object of options");
  checkKnownOptions("otel", given, known);
  const options = { rootParent: "env", otherEvents: "ignore", recordOutput: true, ...defined(given) } as const;
  for (const [name, values] of Object.entries(choices)) {
    const value = options[name as keyof Choices];
    if (!(values as readonly unknown[]).includes(value)) {
      throw wrong(
        `${name} must be ${values.map((one) => JSON.stringify(one)).join(" or ")}, not ${JSON.stringify(value)}`,
      );
    }
  }
  if (options.serviceName !== undefined && typeof options.serviceName !== "string")
    throw wrong("serviceName must be text");
  checkRetry(options.retry);
  requireFunction(options.tracerProvider, "tracerProvider", "getTracer");
  requireFunction(options.meterProvider, "meterProvider", "getMeter");
  const checked = withDefaults("otel", options, bounds);
  if (checked.maxOpenRuns < 1) throw wrong("maxOpenRuns must be at least 1");
  return checked as CheckedOptions;
}

/** Its numbers are checked where they are used. */
function checkRetry(retry: unknown): void {
  if (retry === undefined) return;
  if (typeof retry !== "object" || retry === null)
    throw wrong("retry must be an object: { maxRetries, baseMs, maxMs }");
  checkKnownOptions("otel", retry, Object.keys(retryDefaults));
}

/** `undefined` is absent. */
function defined<O extends object>(options: O): O {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as O;
}

function requireFunction(provider: unknown, option: string, name: string): void {
  if (provider === undefined || typeof (provider as Record<string, unknown> | null)?.[name] === "function") return;
  throw wrong(`${option} must have a function ${name}, as the providers of OpenTelemetry have`);
}

function wrong(what: string): LoopsError {
  return new LoopsError("LOOPS_CONFIG", `[otel] ${what}`);
}
