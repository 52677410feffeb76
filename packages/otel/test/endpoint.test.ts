import { execFile } from "node:child_process";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createBus } from "@loops/core";
import { checkAccounting } from "@loops/testing";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { pauseOf } from "../src/http-sender.js";
import { type OtelTransportOptions, otelTransport } from "../src/index.js";
import { OtlpEndpoint, treeOf } from "./fixtures/otlp-endpoint.js";

const quick = { maxRetries: 2, baseMs: 5, maxMs: 10 };
let endpoint: OtlpEndpoint;
const errors: unknown[] = [];

beforeEach(async () => {
  errors.length = 0;
  endpoint = await OtlpEndpoint.start();
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await endpoint.close();
});

function make(options: OtelTransportOptions = {}) {
  const transport = otelTransport({
    endpoint: endpoint.url,
    rootParent: "none",
    flushIntervalMs: 5,
    retry: quick,
    onError: (error) => errors.push(error),
    ...options,
  });
  let n = 0;
  const send = (event: string, fields: object = {}) =>
    transport.send({ event, ts: new Date().toISOString(), id: `${++n}`, run_id: "R", loop: "fix", ...fields });
  /** A whole run: six events, three spans. */
  const run = (run_id = `R${n}`) => {
    send("loop_start", { run_id });
    send("state_enter", { run_id, state: "a" });
    send("action_start", { run_id, action: "act" });
    send("action_complete", { run_id, exit_code: 0 });
    send("evaluate", { run_id, verdict: "yes" });
    send("loop_complete", { run_id, terminated_by: "terminal" });
  };
  return { transport, send, run, stats: () => transport.stats() };
}

describe("the accounts", () => {
  it("say of each event whether its span is open, waits, is under way, or has arrived", async () => {
    const { transport, send, run, stats } = make({ flushIntervalMs: 10_000 });
    send("loop_start", { run_id: "long" });
    send("issue.closed");
    run();
    expect(stats()).toMatchObject({
      received: 8,
      delivered: 1,
      ignored: 1,
      queued: 7,
      openRuns: 1,
      spans: { ended: 3 },
    });
    endpoint.stalled = true;
    const flushed = transport.flush();
    await vi.waitUntil(() => endpoint.asked === 1);
    expect(stats()).toMatchObject({ delivered: 1, queued: 1, inFlight: 6 });
    endpoint.heal();
    await flushed;
    expect(stats()).toMatchObject({
      delivered: 7,
      queued: 1,
      inFlight: 0,
      spans: { ended: 3, exported: 3, dropped: 0 },
    });
    await transport.close();
    expect(stats()).toMatchObject({
      received: 8,
      delivered: 8,
      queued: 0,
      dropped: {},
      openRuns: 0,
      spans: { exported: 4 },
    });
    expect(() => checkAccounting(stats())).not.toThrow();
  });

  it("a flush waits for what has ended, and not for a loop that goes on", async () => {
    const { transport, send, run } = make({ flushIntervalMs: 10_000 });
    send("loop_start", { run_id: "long" });
    run();
    await transport.flush({ timeoutMs: 5000 });
    expect(endpoint.spans.map(({ name }) => name)).toEqual(["act", "a", "fix"]);
    await transport.close();
  });

  it("count events of spans that the sampler leaves out as delivered, and tell them apart", async () => {
    vi.stubEnv("OTEL_TRACES_SAMPLER", "always_off");
    const { transport, run, stats } = make();
    run();
    await transport.close();
    expect(stats()).toMatchObject({ received: 6, delivered: 6, unsampled: 6, spans: { ended: 3, exported: 0 } });
    expect(endpoint.asked).toBe(0);
  });

  it("O-8, O-14: hold what has no span, which no flush waits for, until its run goes on", async () => {
    const { transport, send, stats } = make();
    send("state_enter", { state: "a" });
    send("route");
    await transport.flush();
    expect(stats()).toMatchObject({ received: 2, queued: 2, dropped: {} });
    send("loop_resume");
    send("loop_complete");
    await transport.flush();
    expect(stats()).toMatchObject({ received: 4, delivered: 4, dropped: {} });
    await transport.close();
    expect(endpoint.spans[0]?.events).toMatchObject([{ name: "state_enter" }, { name: "route" }]);
    expect(errors).toEqual([]);
  });

  it("O-8, O-14: count what has no span, and tell once, where its run does not go on", async () => {
    const { transport, send, stats } = make();
    for (const run_id of ["other", "another"]) {
      send("state_enter", { run_id, state: "a" });
      send("state_enter", { run_id, state: "b" });
    }
    await transport.flush();
    await transport.close();
    expect(errors).toMatchObject([
      {
        code: "LOOPS_EVENT_DROPPED",
        message: expect.stringMatching(
          /^\[otel\] 4 events of run other, and of 1 more, the first of them state_enter, .* no loop/,
        ),
      },
    ]);
    expect(stats()).toMatchObject({ received: 4, delivered: 0, queued: 0, dropped: { "no-span": 4 } });
  });

  it("O-9: count an action outside of a state, and tell", () => {
    const { send, stats } = make();
    send("loop_start");
    send("action_start", { action: "act" });
    send("action_complete");
    expect(errors).toMatchObject([{ message: expect.stringMatching(/action_start of run R .* no state/) }]);
    expect(stats()).toMatchObject({ received: 3, queued: 1, dropped: { "no-span": 2 } });
  });

  it("count at once an event that cannot be read, also where it was to be held", async () => {
    const { transport, send, stats } = make();
    const unreadable = (event: string, field: string) =>
      Object.defineProperty({ event, ts: "", id: "", run_id: event }, field, {
        enumerable: true,
        get() {
          throw new Error("not today");
        },
      });
    transport.send(unreadable("loop_start", "loop"));
    transport.send(unreadable("evaluate", "verdict"));
    send("loop_start", { run_id: undefined, depth: Symbol("deep") });
    expect(stats()).toMatchObject({ received: 3, queued: 1, dropped: { "send-failed": 2 } });
    await transport.close();
    expect(stats()).toMatchObject({ received: 3, delivered: 1, queued: 0, dropped: { "send-failed": 2 } });
    expect(errors.map((error) => (error as Error).message)).toEqual(["not today", "not today"]);
  });

  it("O-7: a resume links to the trace that was kept, and to what was emitted again of it, once to each", async () => {
    const { transport, send } = make();
    const kept = { traceparent: `00-${"1".repeat(32)}-${"2".repeat(16)}-01` };
    send("loop_start", { loop: "again" });
    send("loop_resume", { loop: "second", annotations: kept });
    send("loop_resume", { loop: "third", annotations: transport.engine.annotateRun({ run_id: "R" }) });
    send("loop_start", { run_id: "C", parent_run_id: "P" });
    send("loop_resume", { run_id: "P", loop: "implied", annotations: kept });
    await transport.close();
    const links = (name: string) =>
      endpoint.spans.find((span) => span.name === name)?.links.map(({ traceId, spanId }) => `${traceId}-${spanId}`);
    const idOf = (name: string) => {
      const { traceId, spanId } = endpoint.spans.find((span) => span.name === name) ?? {};
      return `${traceId}-${spanId}`;
    };
    expect(links("second")).toEqual([kept.traceparent.slice(3, -3), idOf("again")]);
    expect(links("third")).toEqual([idOf("second")]);
    expect(links("implied")).toEqual([kept.traceparent.slice(3, -3)]);
  });

  it("nothing is taken after close", async () => {
    const { transport, run, stats } = make();
    await Promise.all([transport.close(), transport.close()]);
    run();
    expect(stats()).toMatchObject({ received: 6, delivered: 0, dropped: { closed: 6 }, queued: 0 });
  });
});

describe("an endpoint", () => {
  it("that is down costs nothing but counted drops", async () => {
    const url = (await unusedUrl()).replace("://", "://user:secret@");
    const { transport, run, stats } = make({ endpoint: url });
    run();
    const begun = performance.now();
    await expect(transport.flush()).rejects.toMatchObject({ code: "LOOPS_FLUSH_INCOMPLETE" });
    await transport.close();
    expect(performance.now() - begun).toBeLessThan(2000);
    expect(stats()).toMatchObject({ received: 6, delivered: 0, dropped: { "dead-letter": 6 }, spans: { dropped: 3 } });
    expect(String(errors[0])).toMatch(/\[otel\] http:.* could not be reached: .*ECONNREFUSED/);
    expect(String(errors[0])).not.toContain("secret");
  });

  it("that answers 503 is asked again, and gets each span once it answers", async () => {
    endpoint.status = 503;
    const { transport, run, stats } = make({ retry: { maxRetries: 100, baseMs: 5, maxMs: 20 } });
    run();
    await vi.waitUntil(() => endpoint.asked >= 3);
    endpoint.heal();
    await transport.flush();
    expect(endpoint.spans).toHaveLength(3);
    expect(stats()).toMatchObject({ delivered: 6, dropped: {} });
    await transport.close();
  });

  it("that asks for a pause gets it", async () => {
    endpoint.status = 429;
    endpoint.retryAfter = "1";
    const { transport, run } = make();
    run();
    await vi.waitUntil(() => endpoint.asked === 1);
    endpoint.heal();
    const begun = performance.now();
    await transport.flush();
    expect(performance.now() - begun).toBeGreaterThan(700);
    await transport.close();
  });

  it.each<[string, number | undefined]>([
    ["2", 2000],
    ["0", 0],
    ["999999999", 60_000],
    ["Fri, 01 Jan 2100 00:00:00 GMT", 60_000],
    ["Fri, 01 Jan 2010 00:00:00 GMT", undefined],
    ["soon", undefined],
  ])("that asks for a pause of %j gets at most a minute", (header, ms) => {
    expect(pauseOf(header)).toBe(ms);
  });

  it.each([401, 404, 500])("that answers %i is not asked again", async (status) => {
    endpoint.status = status;
    const { transport, run, stats } = make();
    run();
    await expect(transport.flush()).rejects.toMatchObject({ code: "LOOPS_FLUSH_INCOMPLETE" });
    expect(endpoint.asked).toBe(1);
    expect(stats()).toMatchObject({ dropped: { "dead-letter": 6 } });
    expect(String(errors[0])).toContain(`answered ${status}`);
    await transport.close();
  });

  it("that finds one span wrong gets all others", async () => {
    endpoint.poisonous = ({ name }) => name === "a";
    const { transport, run, stats } = make({ flushIntervalMs: 10_000 });
    for (let n = 0; n < 5; n++) run();
    await expect(transport.flush()).rejects.toMatchObject({ code: "LOOPS_FLUSH_INCOMPLETE" });
    expect(endpoint.spans).toHaveLength(10);
    // A state carries its own event and the evaluation.
    expect(stats()).toMatchObject({
      delivered: 20,
      dropped: { "dead-letter": 10 },
      spans: { exported: 10, dropped: 5 },
    });
    await transport.close();
  });

  it("that takes a request and refuses some of its spans is believed: never too few events count as lost", async () => {
    endpoint.rejected = 1;
    const { transport, run, stats } = make({ flushIntervalMs: 10_000 });
    run();
    await transport.flush();
    expect(endpoint.spans).toHaveLength(2);
    expect(stats()).toMatchObject({ delivered: 4, dropped: { rejected: 2 }, spans: { exported: 2, dropped: 1 } });
    expect(String(errors[0])).toContain("the endpoint refused 1 of 3 spans: told to refuse");
    await transport.close();
  });

  it("that does not answer is asked again after timeoutMs, and holds up neither flush nor close", async () => {
    endpoint.stalled = true;
    const { transport, run, stats } = make({ timeoutMs: 50, retry: { maxRetries: 100, baseMs: 5, maxMs: 10 } });
    run();
    await vi.waitUntil(() => endpoint.asked >= 2);
    await expect(transport.flush({ timeoutMs: 50 })).rejects.toMatchObject({ code: "LOOPS_FLUSH_TIMEOUT" });
    expect(stats()).toMatchObject({ delivered: 0, dropped: {} });
    const begun = performance.now();
    await transport.close({ timeoutMs: 100 });
    expect(performance.now() - begun).toBeLessThan(1000);
    expect(stats()).toMatchObject({ received: 6, dropped: { deadline: 6 }, queued: 0, inFlight: 0 });
  });

  it("O-17: gets the request that is under way when the transport is closed: close waits for its answer", async () => {
    endpoint.stalled = true;
    const { transport, run, stats } = make({ retry: { maxRetries: 10, baseMs: 1, maxMs: 2 } });
    run();
    await vi.waitUntil(() => endpoint.asked === 1);
    expect(stats().inFlight).toBe(6);
    const closed = transport.close();
    endpoint.heal();
    await closed;
    expect(stats()).toMatchObject({ delivered: 6, dropped: {} });
    expect(endpoint.spans).toHaveLength(3);
  });

  it("that cannot keep up loses the newest spans, counted, above maxQueueItems", async () => {
    endpoint.stalled = true;
    const { transport, run, stats } = make({ maxQueueItems: 30, maxBatchItems: 30, flushIntervalMs: 10_000 });
    for (let n = 0; n < 20; n++) run();
    expect(stats()).toMatchObject({ received: 120, dropped: { overflow: 60 }, spans: { ended: 60, dropped: 30 } });
    expect(String(errors[0])).toContain("queue full");
    await transport.close({ timeoutMs: 50 });
    expect(stats()).toMatchObject({ dropped: { overflow: 60, deadline: 60 }, queued: 0 });
  });
});

describe("a program", () => {
  it("whose other library registers its own provider is not disturbed: nothing global is set, nothing is made active", async () => {
    const { context, metrics, propagation, trace } = await import("@opentelemetry/api");
    const before = [trace.getTracerProvider(), metrics.getMeterProvider(), context.active(), propagation.fields()];
    const { transport, run } = make();
    const bus = createBus();
    bus.addTransport(transport);
    run();
    const active = trace.getActiveSpan();
    await bus.close();
    expect(active).toBeUndefined();
    const delegate = (trace.getTracerProvider() as { getDelegate?(): object }).getDelegate?.();
    expect(delegate?.constructor.name).toBe("NoopTracerProvider");
    expect([trace.getTracerProvider(), metrics.getMeterProvider(), context.active(), propagation.fields()]).toEqual(
      before,
    );
  });

  it("whose http library is instrumented gets no spans for the export of spans", async () => {
    const { isTracingSuppressed } = await import("@opentelemetry/core");
    const { context } = await import("@opentelemetry/api");
    const { AsyncLocalStorageContextManager } = await import("./fixtures/context-manager.js");
    context.setGlobalContextManager(new AsyncLocalStorageContextManager());
    const suppressed: boolean[] = [];
    const { Agent } = await import("node:http");
    const original = Agent.prototype.createConnection;
    Agent.prototype.createConnection = function (...args) {
      suppressed.push(isTracingSuppressed(context.active()));
      return original.apply(this, args);
    };
    try {
      const { transport, run } = make();
      run();
      await transport.close();
      expect(suppressed).toEqual([true]);
    } finally {
      Agent.prototype.createConnection = original;
      context.disable();
    }
  });
});

/** Of a port that nobody listens on. */
async function unusedUrl(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

it("a program that just ends, without a close, loses nothing: what is open is ended, marked and exported", async () => {
  const script = fileURLToPath(new URL("fixtures/just-ends.mjs", import.meta.url));
  await promisify(execFile)(process.execPath, [script, endpoint.url]);
  expect(treeOf(endpoint.spans)).toEqual(["fix", "  a"]);
  expect(endpoint.spans.every(({ attributes }) => attributes["loops.unfinished"])).toBe(true);
});

it("a program that just ends is kept alive by an endpoint that does not answer for exitGraceMs, and not longer", async () => {
  endpoint.stalled = true;
  const script = fileURLToPath(new URL("fixtures/just-ends.mjs", import.meta.url));
  const begun = performance.now();
  const { stderr } = await promisify(execFile)(process.execPath, [script, endpoint.url, "300"]);
  expect(performance.now() - begun).toBeLessThan(5000);
  expect(stderr).toContain("[otel] undelivered at exit: 2");
});
