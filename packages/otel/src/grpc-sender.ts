import type * as Grpc from "@grpc/grpc-js";
import { DeliveryError, type DeliveryErrorKind, LoopsError } from "@loops/core";
import { loadPackage } from "./load-package.js";
import type { OtlpTarget } from "./otlp-target.js";
import type { Sender } from "./sender.js";

const method = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

/** Status codes of gRPC, by what the specification of OTLP says of them. */
const mayPass = new Set([1, 4, 8, 10, 11, 14, 15]);
const invalidArgument = 3;

/** OTLP over gRPC. @see https://opentelemetry.io/docs/specs/otlp/#otlpgrpc @throws LoopsError `LOOPS_OTEL_MISSING` */
export function grpcSender({ url, headers, compression, tls }: OtlpTarget): Sender {
  const grpc = loadPackage<typeof Grpc>(
    "@grpc/grpc-js",
    "protocol grpc",
    "@grpc/grpc-js @opentelemetry/otlp-transformer",
  );
  const metadata = metadataOf(headers, new grpc.Metadata());
  const address = `${url.hostname}:${url.port || "4317"}`;
  const credentials =
    url.protocol === "https:"
      ? grpc.credentials.createSsl(tls.ca ?? null, tls.key ?? null, tls.cert ?? null)
      : grpc.credentials.createInsecure();
  const client = new grpc.Client(address, credentials, {
    "grpc.primary_user_agent": "loops-otel",
    "grpc.default_compression_algorithm": compression === "gzip" ? 2 : 0,
    // The delivery queue tries again, within its bounds.
    "grpc.enable_retries": 0,
    // A collector that was away is back within a second or so, not after two minutes.
    "grpc.initial_reconnect_backoff_ms": 200,
    "grpc.max_reconnect_backoff_ms": 2000,
  });
  const asIs = (bytes: Buffer) => bytes;

  return {
    send: (body, signal) =>
      new Promise((resolve, reject) => {
        const call = client.makeUnaryRequest(method, asIs, asIs, Buffer.from(body), metadata, (error, answer) => {
          signal.removeEventListener("abort", cancel);
          if (error === null) resolve(answer ?? new Uint8Array());
          else reject(failure(address, error));
        });
        const cancel = () => call.cancel();
        if (signal.aborted) cancel();
        else signal.addEventListener("abort", cancel, { once: true });
      }),
    close: () => client.close(),
  };
}

/** Stricter than headers of HTTP are. @throws LoopsError `LOOPS_CONFIG` */
function metadataOf(headers: OtlpTarget["headers"], metadata: Grpc.Metadata): Grpc.Metadata {
  for (const [name, value] of Object.entries(headers)) {
    try {
      metadata.set(name, value);
    } catch (cause) {
      const message = `[otel] the header ${JSON.stringify(name)} cannot be sent with gRPC: its name may have a-z, 0-9, "_", "-" and ".", its value printable ASCII`;
      throw new LoopsError("LOOPS_CONFIG", message, { cause });
    }
  }
  return metadata;
}

function failure(address: string, cause: Grpc.ServiceError): DeliveryError {
  const kind: DeliveryErrorKind = mayPass.has(cause.code)
    ? "retry"
    : cause.code === invalidArgument
      ? "too-large"
      : "refused";
  return new DeliveryError(`[otel] ${address} answered ${cause.message}`, { kind, cause });
}
