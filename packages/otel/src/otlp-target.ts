import { validateHeaderName, validateHeaderValue } from "node:http";
import { LoopsError } from "@loops/core";
import { type EnvironmentSettings, type Protocol, protocols } from "./environment.js";
import { exportDefaults } from "./otel-options.js";

/** Where spans are sent, and how. */
export interface OtlpTarget {
  readonly protocol: Protocol;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly compression: "gzip" | undefined;
  readonly timeoutMs: number;
  readonly tls: { readonly ca?: Buffer; readonly key?: Buffer; readonly cert?: Buffer };
}

/** What of the options says where spans are sent. */
export interface TargetOptions {
  readonly endpoint?: string | undefined;
  readonly protocol?: Protocol | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly timeoutMs?: number | undefined;
}

/** As the specification of OTLP has it. */
const tracesPath = "v1/traces";
const grpcPort = "4317";

/**
 * What the options say, else the environment, else the defaults: `http/protobuf` to `http://localhost:4318/v1/traces`.
 * An endpoint with port 4317, where gRPC is spoken, means gRPC where nobody names a protocol. Pure.
 *
 * @throws LoopsError `LOOPS_CONFIG` for an endpoint that is no URL, an unknown protocol, headers that are no text
 */
export function otlpTarget(options: TargetOptions, env: EnvironmentSettings): OtlpTarget {
  const given = options.endpoint ?? env.tracesEndpoint ?? env.endpoint;
  const isExact = options.endpoint === undefined && env.tracesEndpoint !== undefined;
  const protocol = protocolOf(options.protocol ?? env.protocol ?? impliedBy(given));
  const isGrpc = protocol === "grpc";
  const url = urlOf(given ?? (isGrpc ? "http://localhost:4317" : "http://localhost:4318"), isGrpc);
  if (!isGrpc && !isExact) url.pathname = pathOf(url.pathname);
  return {
    protocol,
    url,
    headers: sendable({ ...env.headers, ...headersOf(options.headers) }),
    compression: env.compression,
    timeoutMs: options.timeoutMs ?? env.timeoutMs ?? exportDefaults.timeoutMs,
    tls: {
      ...(env.certificate && { ca: env.certificate }),
      ...(env.clientKey && { key: env.clientKey }),
      ...(env.clientCertificate && { cert: env.clientCertificate }),
    },
  };
}

function impliedBy(endpoint: string | undefined): Protocol {
  const isGrpc = typeof endpoint === "string" && new RegExp(`:${grpcPort}(/|$)`).test(endpoint.trim());
  return isGrpc ? "grpc" : "http/protobuf";
}

/** Below the path of the endpoint, unless that is the one of traces already. */
function pathOf(path: string): string {
  return path.replace(/\/+$/, "").endsWith(`/${tracesPath}`) ? path : `${path.replace(/\/+$/, "")}/${tracesPath}`;
}

function protocolOf(protocol: unknown): Protocol {
  const known = protocols.find((one) => one === protocol);
  if (known !== undefined) return known;
  throw wrong(`protocol must be one of ${protocols.join(", ")}, not ${JSON.stringify(protocol)}`);
}

function urlOf(endpoint: unknown, isGrpc: boolean): URL {
  const text = typeof endpoint === "string" ? endpoint.trim() : "";
  // gRPC is also configured as host and port.
  const full = isGrpc && /^[^/:]+:\d+$/.test(text) ? `http://${text}` : text;
  if (URL.canParse(full)) {
    const url = new URL(full);
    if (url.protocol === "http:" || url.protocol === "https:") return url;
  }
  throw wrong(`endpoint must be a URL such as http://localhost:4318, not ${shown(endpoint)}`);
}

/** Without a user and a password, and what a query may say. */
function shown(endpoint: unknown): string {
  if (typeof endpoint !== "string") return endpoint instanceof URL ? "a URL object: pass its href" : typeof endpoint;
  return JSON.stringify(endpoint.replace(/^([^/]*\/\/)?[^/]*@/, "$1…@").replace(/\?.*$/s, "?…"));
}

function headersOf(headers: unknown): Record<string, string> {
  if (headers === undefined) return {};
  const isPlain = typeof headers === "object" && headers !== null && !(Symbol.iterator in headers);
  if (!isPlain || Object.values(headers).some((value) => typeof value !== "string")) {
    throw wrong("headers must be an object of texts by name");
  }
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]));
}

/** What no request could be made with is said here, and not of every request. Values are nobody's business. */
function sendable(headers: Record<string, string>): Record<string, string> {
  for (const [name, value] of Object.entries(headers)) {
    try {
      validateHeaderName(name);
      validateHeaderValue(name, value);
    } catch {
      throw wrong(
        `the header ${JSON.stringify(name)} cannot be sent: its name or its value has characters that HTTP does not allow`,
      );
    }
  }
  return headers;
}

function wrong(what: string): LoopsError {
  return new LoopsError("LOOPS_CONFIG", `[otel] ${what}`);
}
