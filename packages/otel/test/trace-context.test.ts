import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { createBus } from "@loops/core";
import { defineLoop, type FsmEvent, memoryStore, resumeLoop, runLoop } from "@loops/fsm";
import { context, ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { otelTransport } from "../src/index.js";
import { OtlpEndpoint, treeOf } from "./fixtures/otlp-endpoint.js";
import { show, shown, timeOf } from "./fixtures/runs.js";

const process1 = fileURLToPath(new URL("fixtures/traced-loop.mjs", import.meta.url));
const done = { terminal: true } as const;
const say = 'echo "$TRACEPARENT"';
const definition = defineLoop({
  name: "said",
  initial: "a",
  states: { a: { action: say, capture: "a", next: "b" }, b: { action: say, capture: "b", next: "done" }, done },
});

beforeEach(() => {
  vi.stubEnv("TRACEPARENT", undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
});

describe("an action gets TRACEPARENT", () => {
  it("of its own span, which begins at the time of its event all the same", async () => {
    const { named, results, events } = await show([{ definition }]);
    const actions = named(say);
    const said = Object.values(results[0]?.captured ?? {});
    expect(said.map(({ output }) => String(output).trim())).toEqual(
      actions.map(({ traceId, spanId }) => `00-${traceId}-${spanId}-01`),
    );
    expect(actions[0]).toMatchObject({ startMs: timeOf(events, "action_start") });
    expect(named("a")[0]).toMatchObject({ startMs: timeOf(events, "state_enter") });
  });

  it("of its own span with a provider of the caller, whose span begins when the action is prepared", async () => {
    const exporter = new InMemorySpanExporter();
    const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
    const otel = otelTransport({ tracerProvider, rootParent: "none" });
    const bus = createBus<FsmEvent>();
    bus.addTransport(otel);
    const { captured } = await runLoop({ definition, bus, store: memoryStore(), ...otel.engine });
    await bus.close();
    const spans = exporter.getFinishedSpans();
    const actions = spans.filter(({ name }) => name === say);
    const states = spans.filter(({ name }) => name === "a" || name === "b");
    expect(Object.values(captured).map(({ output }) => String(output).trim())).toEqual(
      actions.map((span) => `00-${span.spanContext().traceId}-${span.spanContext().spanId}-01`),
    );
    expect(actions.map(({ parentSpanContext }) => parentSpanContext?.spanId)).toEqual(
      states.map((span) => span.spanContext().spanId),
    );
    expect(spans).toHaveLength(5);
  });

  it("only with the engine's options; without them nothing is added, and the spans are the same", async () => {
    const bare = { actionEnv: undefined, annotateRun: undefined };
    const { results, spans } = await show([{ definition, ...bare }]);
    expect(results[0]?.captured).toMatchObject({ a: { output: "\n" }, b: { output: "\n" } });
    expect(spans).toHaveLength(5);
  });

  it("so that a loop which it starts in another process hangs below it", async () => {
    const endpoint = await OtlpEndpoint.start();
    const dir = await mkdtemp(join(tmpdir(), "loops-otel-"));
    try {
      await writeFile(join(dir, "again"), "");
      const outer = defineLoop({
        name: "outer",
        initial: "start",
        states: {
          start: { action: `exec ${process.execPath} ${process1} run ${endpoint.url} ${dir}`, next: "done" },
          done,
        },
      });
      const otel = otelTransport({ endpoint: endpoint.url });
      const bus = createBus<FsmEvent>();
      bus.addTransport(otel);
      await runLoop({ definition: outer, bus, store: memoryStore(), ...otel.engine });
      await bus.close();
      expect(treeOf(endpoint.spans, ({ name }) => name.split(" ")[0] ?? "")).toEqual([
        "outer OK",
        "  start",
        "    exec",
        "      traced OK",
        "        first",
        "          echo",
        "        second",
        "          [",
      ]);
    } finally {
      await rm(dir, { recursive: true, force: true });
      await endpoint.close();
    }
  });
});

describe("a run that is resumed", () => {
  it("O-7: after SIGKILL opens a new trace, with a link to the one before, and what that may lack; nothing is lost", async () => {
    const endpoint = await OtlpEndpoint.start();
    const dir = await mkdtemp(join(tmpdir(), "loops-otel-"));
    try {
      const child = spawn(process.execPath, [process1, "run", endpoint.url, dir], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      for await (const chunk of child.stdout) if (String(chunk).includes("begun")) break;
      // Once it is on record that the sinks have it, the beginning is not emitted again.
      const view = join(dir, ".loops/.running/traced.state.json");
      const flushedSeq = async () => JSON.parse(await readFile(view, "utf8").catch(() => "{}")).flushed_seq ?? 0;
      await vi.waitUntil(async () => (await flushedSeq()) > 0, { timeout: 10_000 });
      // The first state has ended, and is exported by itself.
      await vi.waitUntil(() => endpoint.spans.some(({ name }) => name === "first"), { timeout: 10_000 });
      child.kill("SIGKILL");
      await once(child, "close");
      const before = [...endpoint.spans];
      expect(treeOf(before)).toEqual(["first", "  echo one"]);
      await writeFile(join(dir, "again"), "");

      const resumed = spawn(process.execPath, [process1, "resume", endpoint.url, dir], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const [said, [code]] = await Promise.all([text(resumed.stdout), once(resumed, "close")]);
      expect(code).toBe(0);
      expect(JSON.parse(said.trim().split("\n").at(-1) ?? "")).toEqual({ ok: true, dropped: {} });
      const after = shown(endpoint.spans.slice(before.length));
      const [loop] = after.named("traced");
      expect(loop?.traceId).not.toBe(before[0]?.traceId);
      expect(loop?.links).toEqual([
        { traceId: before[0]?.traceId, spanId: before.find(({ name }) => name === "first")?.parentSpanId },
      ]);
      expect(loop?.attributes).toMatchObject({ "loops.resumed": true, "loops.state": "second" });
      // Nobody could know that the line had not arrived, nor perhaps that the state before it had.
      const run = loop?.attributes["loops.run_id"];
      expect(loop?.events.slice(-2)).toMatchObject([
        { name: "action_output", attributes: { "loops.line": "begun", "loops.resent": true, "loops.run_id": run } },
        { name: "action_in_doubt", attributes: { "loops.policy": "rerun" } },
      ]);
      expect(loop?.events.at(-2)?.ms).toBeLessThan(loop?.startMs ?? 0);
      for (const { name, attributes } of loop?.events ?? [])
        if (name !== "action_in_doubt") expect(attributes).toMatchObject({ "loops.resent": true });
      expect(treeOf(after.spans, ({ name }) => name.split(" ")[0] ?? "")).toEqual(["traced OK", "  second", "    ["]);
    } finally {
      await rm(dir, { recursive: true, force: true });
      await endpoint.close();
    }
  });

  it("O-7: in the same process ends what was open as unfinished, and links each segment to the one before", async () => {
    const handing = defineLoop({
      name: "handing",
      initial: "a",
      states: {
        a: { action: '[ "$LOOPS_ATTEMPT" -ge 3 ] || echo "CONTEXT_HANDOFF: on"', on_yes: "done", on_no: "done" },
        done,
      },
    });
    const store = memoryStore();
    const { spans, named } = await show([{ definition: handing, store }], {}, async (options) => {
      const first = await runLoop(options);
      await resumeLoop({ ...options, run: first.run_id, definition: undefined });
      return resumeLoop({ ...options, run: first.run_id, definition: undefined });
    });
    const loops = named("handing");
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(3);
    expect(loops.map(({ links }) => links.map(({ spanId }) => spanId))).toEqual([
      [],
      [loops[0]?.spanId],
      [loops[1]?.spanId],
    ]);
  });

  it("in the middle of a sub-loop shows that below the state again", async () => {
    const child = defineLoop({
      name: "child",
      initial: "act",
      states: {
        act: { action: '[ "$LOOPS_ATTEMPT" -ge 2 ] || echo "CONTEXT_HANDOFF: on"', on_yes: "done", on_no: "done" },
        done,
      },
    });
    const parent = defineLoop({
      name: "parent",
      initial: "down",
      states: { down: { loop: "child", on_yes: "done", on_no: "done" }, done },
    });
    const more = { definition: parent, store: memoryStore(), resolveLoop: () => child };
    const { spans } = await show([more], {}, async (options) => {
      const first = await runLoop(options);
      return resumeLoop({ ...options, run: first.run_id, definition: undefined });
    });
    const shape = treeOf(spans, ({ name, links }) => `${name.split(" ")[0]}${links.length > 0 ? " linked" : ""}`);
    const once = ["  down", "    child OK", "      act", "        ["];
    expect(shape).toEqual([
      "parent OK",
      ...once,
      "parent linked OK",
      "  down",
      "    child linked OK",
      "      act",
      "        [",
    ]);
  });
});

describe("the first span of a trace", () => {
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const bare = { actionEnv: undefined, annotateRun: undefined };

  it("hangs below the span that the environment names", async () => {
    vi.stubEnv("TRACEPARENT", traceparent);
    const { named } = await show([{ definition, ...bare }], { rootParent: "env" });
    expect(named("said")[0]).toMatchObject({
      traceId: traceparent.slice(3, 35),
      parentSpanId: traceparent.slice(36, 52),
    });
  });

  it.each(["", "no", `ff${traceparent.slice(2)}`, `00-${"0".repeat(32)}-b7ad6b7169203331-01`])(
    "is a root where the environment says %j",
    async (text) => {
      vi.stubEnv("TRACEPARENT", text);
      const { named } = await show([{ definition, ...bare }], { rootParent: "env" });
      expect(named("said")[0]).toMatchObject({ parentSpanId: "" });
    },
  );

  it("hangs below the active span where that is asked for, and changes nothing about which is active", async () => {
    const { AsyncLocalStorageContextManager } = await import("./fixtures/context-manager.js");
    context.setGlobalContextManager(new AsyncLocalStorageContextManager());
    try {
      const around = trace.wrapSpanContext({
        traceId: traceparent.slice(3, 35),
        spanId: traceparent.slice(36, 52),
        traceFlags: 1,
      });
      const { named } = await context.with(trace.setSpan(ROOT_CONTEXT, around), async () => {
        const shown = await show([{ definition, ...bare }], { rootParent: "active" });
        expect(trace.getActiveSpan()).toBe(around);
        return shown;
      });
      expect(named("said")[0]).toMatchObject({
        traceId: traceparent.slice(3, 35),
        parentSpanId: traceparent.slice(36, 52),
      });
    } finally {
      context.disable();
    }
  });
});
