import * as grpc from "@grpc/grpc-js";
import { afterEach, beforeEach, expect, it } from "vitest";
import { otelTransport } from "../src/index.js";
import { treeOf } from "./fixtures/otlp-endpoint.js";
import { decodeRequest, encodeResponse, type ReceivedSpan } from "./fixtures/otlp-messages.js";

// A server of gRPC's own library, which knows nothing of the package but the name of the method.

const spans: ReceivedSpan[] = [];
const metadata: grpc.Metadata[] = [];
let failure: Partial<grpc.StatusObject> | undefined;
let asked = 0;
let silent = false;
let server: grpc.Server;
let port: number;

beforeEach(async () => {
  spans.length = 0;
  failure = undefined;
  silent = false;
  asked = 0;
  server = new grpc.Server();
  const asIs = (bytes: Buffer) => bytes;
  const method = {
    path: "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
    requestStream: false,
    responseStream: false,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  };
  server.addService(
    { Export: method },
    {
      Export: (call: grpc.ServerUnaryCall<Buffer, Buffer>, answer: grpc.sendUnaryData<Buffer>) => {
        asked++;
        metadata.push(call.metadata);
        if (silent) return;
        if (failure !== undefined) return answer(failure);
        spans.push(...decodeRequest(call.request));
        answer(null, encodeResponse(0, ""));
      },
    },
  );
  const credentials = grpc.ServerCredentials.createInsecure();
  port = await new Promise((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", credentials, (error, bound) => (error === null ? resolve(bound) : reject(error)));
  });
});
afterEach(() => server.forceShutdown());

function make(options: object = {}) {
  const errors: unknown[] = [];
  const transport = otelTransport({
    endpoint: `http://127.0.0.1:${port}`,
    protocol: "grpc",
    headers: { "X-Token": "secret" },
    rootParent: "none",
    retry: { maxRetries: 2, baseMs: 5, maxMs: 10 },
    onError: (error) => errors.push(error),
    ...options,
  });
  const send = (event: string, fields: object = {}) =>
    transport.send({ event, ts: "2026-01-31T12:00:00.250Z", id: "", run_id: "R", loop: "fix", ...fields });
  send("loop_start");
  send("state_enter", { state: "a" });
  send("loop_complete", { terminated_by: "terminal" });
  return { transport, errors };
}

it("O-1: spans go over gRPC where that is asked for, with the headers as metadata", async () => {
  const { transport } = make();
  await transport.close();
  expect(treeOf(spans)).toEqual(["fix OK", "  a"]);
  expect(spans[0]?.startMs).toBe(Date.parse("2026-01-31T12:00:00.250Z"));
  expect(metadata[0]?.get("x-token")).toEqual(["secret"]);
  expect(transport.stats()).toMatchObject({ received: 3, delivered: 3, dropped: {} });
});

it("a server that is not available is asked again; one that refuses is not", async () => {
  failure = { code: grpc.status.UNAVAILABLE, details: "not yet" };
  const first = make();
  await expect(first.transport.flush()).rejects.toMatchObject({ code: "LOOPS_FLUSH_INCOMPLETE" });
  expect(asked).toBe(3);
  await first.transport.close();

  asked = 0;
  failure = { code: grpc.status.PERMISSION_DENIED, details: "no" };
  const second = make();
  await expect(second.transport.flush()).rejects.toMatchObject({ code: "LOOPS_FLUSH_INCOMPLETE" });
  expect(asked).toBe(1);
  expect(second.transport.stats()).toMatchObject({ dropped: { "dead-letter": 3 } });
  expect(String(second.errors[0])).toContain("PERMISSION_DENIED");
  await second.transport.close();
});

it("a server that is silent holds up close no longer than its deadline", async () => {
  silent = true;
  const { transport } = make();
  const begun = performance.now();
  await transport.close({ timeoutMs: 100 });
  expect(performance.now() - begun).toBeLessThan(1000);
  expect(transport.stats()).toMatchObject({ dropped: { deadline: 3 }, queued: 0, inFlight: 0 });
});
