import { readFileSync } from "node:fs";
import { LoopsError } from "@loops/core";

export type Environment = Readonly<Record<string, string | undefined>>;

export const protocols = ["http/protobuf", "http/json", "grpc"] as const;

/** How spans are sent. */
export type Protocol = (typeof protocols)[number];

/** What the variables of the environment say, as far as they say anything. */
export interface EnvironmentSettings {
  /** The SDK is disabled, or there is to be no exporter of traces. */
  readonly disabled: boolean;
  readonly protocol: Protocol | undefined;
  /** Of the signal: to be used as it is. */
  readonly tracesEndpoint: string | undefined;
  /** Of all signals: the path of the signal is below it. */
  readonly endpoint: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number | undefined;
  readonly compression: "gzip" | undefined;
  readonly certificate: Buffer | undefined;
  readonly clientKey: Buffer | undefined;
  readonly clientCertificate: Buffer | undefined;
  readonly maxQueueItems: number | undefined;
  readonly maxBatchItems: number | undefined;
  readonly flushIntervalMs: number | undefined;
}

/**
 * Reads the variables of the specification that concern exporting traces. Empty ones count as absent.
 *
 * @see https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 * @see https://opentelemetry.io/docs/specs/otel/protocol/exporter/
 * @throws LoopsError `LOOPS_CONFIG` for a protocol that is not known, and a file that cannot be read
 */
export function readEnvironment(env: Environment): EnvironmentSettings {
  const text = (name: string) => env[name]?.trim() || undefined;
  const otlp = (name: string) => text(`OTEL_EXPORTER_OTLP_TRACES_${name}`) ?? text(`OTEL_EXPORTER_OTLP_${name}`);
  const exporter = text("OTEL_TRACES_EXPORTER");
  const exportTimeoutMs = positive(text("OTEL_BSP_EXPORT_TIMEOUT"));
  return {
    disabled: text("OTEL_SDK_DISABLED")?.toLowerCase() === "true" || exporter?.toLowerCase() === "none",
    protocol: protocolOf(otlp("PROTOCOL")),
    tracesEndpoint: text("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"),
    endpoint: text("OTEL_EXPORTER_OTLP_ENDPOINT"),
    headers: {
      ...keyPairs(text("OTEL_EXPORTER_OTLP_HEADERS")),
      ...keyPairs(text("OTEL_EXPORTER_OTLP_TRACES_HEADERS")),
    },
    timeoutMs: positive(otlp("TIMEOUT")) ?? exportTimeoutMs,
    compression: otlp("COMPRESSION")?.toLowerCase() === "gzip" ? "gzip" : undefined,
    certificate: fileOf("OTEL_EXPORTER_OTLP_CERTIFICATE", otlp("CERTIFICATE")),
    clientKey: fileOf("OTEL_EXPORTER_OTLP_CLIENT_KEY", otlp("CLIENT_KEY")),
    clientCertificate: fileOf("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", otlp("CLIENT_CERTIFICATE")),
    maxQueueItems: positive(text("OTEL_BSP_MAX_QUEUE_SIZE")),
    maxBatchItems: positive(text("OTEL_BSP_MAX_EXPORT_BATCH_SIZE")),
    flushIntervalMs: positive(text("OTEL_BSP_SCHEDULE_DELAY")),
  };
}

function protocolOf(text: string | undefined): Protocol | undefined {
  if (text === undefined) return undefined;
  const protocol = protocols.find((known) => known === text.toLowerCase());
  if (protocol !== undefined) return protocol;
  const message = `[otel] OTEL_EXPORTER_OTLP_PROTOCOL is ${JSON.stringify(text)}; known are ${protocols.join(", ")}`;
  throw new LoopsError("LOOPS_CONFIG", message);
}

/** What is no number above 0 has no effect, as the specification wants it. */
function positive(text: string | undefined): number | undefined {
  const number = Number(text);
  return text !== undefined && Number.isFinite(number) && number > 0 ? number : undefined;
}

/** `key=value,key=value`, percent-encoded, as in W3C Baggage. */
function keyPairs(text = ""): Record<string, string> {
  const pairs: Record<string, string> = {};
  for (const pair of text.split(",")) {
    const at = pair.indexOf("=");
    if (at > 0) pairs[decoded(pair.slice(0, at)).toLowerCase()] = decoded(pair.slice(at + 1));
  }
  return pairs;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.trim());
  } catch {
    // A bare percent sign: it means itself.
    return text.trim();
  }
}

function fileOf(variable: string, path: string | undefined): Buffer | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new LoopsError("LOOPS_CONFIG", `[otel] ${variable} names ${path}, which cannot be read`, { cause });
  }
}
