import {
  createReporter,
  type Deadline,
  type EncodedEvent,
  type LoopEvent,
  LoopsError,
  type Reporter,
  startDeadline,
  type Transport,
  type TransportContext,
  warnOnError,
} from "@loops/core";
import { EventTimes } from "./event-time.js";
import type { HeldRun } from "./held-events.js";
import { Ledger, type OtelStats } from "./ledger.js";
import { packageVersion } from "./load-package.js";
import { LoopMetrics } from "./loop-metrics.js";
import { beforeExit } from "./open-at-exit.js";
import { type CheckedOptions, checkOptions, type OtelTransportOptions } from "./otel-options.js";
import { makePipeline, type Pipeline } from "./pipeline.js";
import type { SpanNode } from "./span-node.js";
import { type HeldOutcome, type Placement, SpanTree } from "./span-tree.js";
import { SpanWriter } from "./span-writer.js";
import { writeTraceContext } from "./trace-context.js";

/** What {@link otelTransport} returns. */
export interface OtelTransport extends Transport {
  readonly name: "otel";
  /** The encoded form is not looked at. Never throws. */
  send(event: LoopEvent, encoded?: EncodedEvent): void;
  flush(deadline?: Deadline): Promise<void>;
  close(deadline?: Deadline): Promise<void>;
  stats(): OtelStats;
  /**
   * Options for `runLoop` and `resumeLoop` of `@loops/fsm`, to be spread into theirs: actions get `TRACEPARENT`, and a
   * resumed run has a link to the trace of the run before. Without them there are spans all the same.
   */
  readonly engine: OtelEngineOptions;
}

/** A part of `EngineOptions` of `@loops/fsm`. */
export interface OtelEngineOptions {
  readonly actionEnv: (action: { readonly run_id: string; readonly state: string }) => Readonly<Record<string, string>>;
  readonly annotateRun: (run: { readonly run_id: string }) => Readonly<Record<string, string>> | undefined;
}

/**
 * A sink that shows each run of a loop as a trace: the loop, its states and their actions as spans, sub-loops below the
 * state that started them, evaluations, routes and output as span events, at the times of the events.
 *
 * With a provider made here, `delivered` means that an OTLP endpoint has taken the span that an event is part of; until
 * then the event is `queued`, also while its span is open. At least once: a request that timed out may have arrived. Ended
 * spans wait in a bounded queue and are tried again; `flush` waits for those, and not for loops that go on.
 * With a `tracerProvider` of the caller, `delivered` means handed to that, and the rest is its business.
 * Spans that are open when the transport is closed are ended, and marked. SIGKILL takes open spans and the queue; what
 * the engine then emits again of a run is held, and shown on the loop span of the segment that begins next.
 *
 * @throws LoopsError `LOOPS_CONFIG`, `LOOPS_OTEL_MISSING`
 */
export function otelTransport(options: OtelTransportOptions = {}): OtelTransport {
  return new LoopTracer(options);
}

class LoopTracer implements OtelTransport {
  readonly name = "otel";
  readonly engine: OtelEngineOptions;
  readonly #ledger = new Ledger();
  readonly #times = new EventTimes();
  readonly #tree: SpanTree;
  readonly #writer: SpanWriter;
  readonly #pipeline: Pipeline;
  readonly #metrics: LoopMetrics | undefined;
  readonly #options: CheckedOptions;
  readonly #reporter: Reporter;
  readonly #release: () => void;
  #report: (error: unknown) => void;
  /** What is to be added to the clock of this process to get the time of the events. */
  #skewMs = 0;
  #lastMs = 0;
  #closing: Promise<void> | undefined;

  constructor(given: OtelTransportOptions) {
    const options = checkOptions(given);
    const version = packageVersion();
    this.#options = options;
    this.#reporter = createReporter("otel", options.onError ?? warnOnError);
    this.#report = this.#reporter;
    this.#pipeline = makePipeline(options, this.#ledger, (error) => this.#report(error));
    const tracer = this.#pipeline.provider.getTracer("@loops/otel", version);
    const { ids } = this.#pipeline;
    this.#writer = new SpanWriter({ tracer, rootParent: options.rootParent, ids, pipeline: this.#pipeline });
    const outcome: HeldOutcome = {
      placed: (node, events) => this.#place(node, events),
      lost: (runs) => this.#lose(runs),
    };
    this.#tree = new SpanTree(options, this.#writer, outcome);
    this.#metrics = options.meterProvider && new LoopMetrics(options.meterProvider, version);
    this.engine = {
      actionEnv: ({ run_id, state }) => this.#actionEnv(run_id, state),
      annotateRun: ({ run_id }) => this.#contextOf(this.#tree.loopOf(run_id)),
    };
    this.#release = beforeExit(() => this.#onBeforeExit());
  }

  attach(context: TransportContext): void {
    // The bus bounds the rate of what it is told; an own onError goes before it.
    if (this.#options.onError === undefined) this.#report = (error) => context.report(error);
    this.#pipeline.attach(context);
  }

  send(event: LoopEvent, _encoded?: EncodedEvent): void {
    this.#ledger.received++;
    if (this.#closing !== undefined) {
      this.#ledger.drop("closed", 1);
      return;
    }
    const ms = this.#times.read(event.ts) ?? this.#now();
    if (ms !== this.#lastMs) {
      this.#lastMs = ms;
      this.#skewMs = ms - Date.now();
    }
    // Of its run before the event: what ends a run has a state, too.
    const state = this.#metrics === undefined ? undefined : this.#tree.stateNameOf(event);
    try {
      this.#count(event, ms, this.#tree.apply(event, ms));
      this.#metrics?.count(event, state);
    } catch (error) {
      // A provider of somebody else threw, or a getter of the event.
      this.#ledger.drop("send-failed", 1);
      this.#report(error);
    }
  }

  flush(deadline?: Deadline): Promise<void> {
    return this.#pipeline.flush(deadline);
  }

  close(deadline?: Deadline): Promise<void> {
    this.#closing ??= this.#close(startDeadline(deadline, this.#options.closeTimeoutMs).remaining());
    return this.#closing;
  }

  stats(): OtelStats {
    return this.#ledger.stats(this.#tree);
  }

  async #close(deadline: Deadline): Promise<void> {
    this.#release();
    this.#endOpen();
    try {
      await this.#pipeline.close(deadline);
    } finally {
      this.#ledger.dropHeld("deadline");
      this.#reporter.end();
    }
  }

  #count(event: LoopEvent, ms: number, placement: Placement): void {
    if (placement === "no-run") this.#tree.hold(event, ms, performance.now());
    else if (placement === "no-span") this.#misplaced(event);
    else if (placement === "ignored") {
      this.#ledger.ignored++;
      this.#ledger.delivered++;
    } else this.#place(placement, 1);
  }

  /** A span carries the events from now on. */
  #place(node: SpanNode, events: number): void {
    if (this.#pipeline.holds) return;
    // A span that its provider could not start carries nothing.
    if (node.handle === undefined) this.#ledger.drop("send-failed", events);
    else this.#ledger.delivered += events;
  }

  /** Of a run that is open. An end of what has not begun is only counted. */
  #misplaced({ event, run_id }: LoopEvent): void {
    this.#ledger.drop("no-span", 1);
    if (event !== "action_start") return;
    this.#warn(`${event} of run ${run_id} came while no state of it was open: it is counted (no-span), and not shown`);
  }

  #lose(runs: readonly HeldRun[]): void {
    const count = runs.reduce((sum, run) => sum + run.count, 0);
    this.#ledger.drop("no-span", count);
    const [{ key, first } = { key: "", first: "" }] = runs;
    const others = runs.length > 1 ? `, and of ${runs.length - 1} more` : "";
    this.#warn(
      `${count} events of run ${key.trim()}${others}, the first of them ${first}, came while no loop of it was open: they are ` +
        "counted (no-span), and not shown. Let the sink see runs from their first event on, or resume them",
    );
  }

  #warn(what: string): void {
    this.#report(new LoopsError("LOOPS_EVENT_DROPPED", `[otel] ${what}`));
  }

  #endOpen(): void {
    try {
      this.#tree.close(this.#now());
    } catch (error) {
      this.#report(error);
    }
  }

  /** No event can end these spans any more. */
  #onBeforeExit(): void {
    if (this.#tree.openRuns === 0) return;
    this.#endOpen();
    // What waits to be exported is the exit guard's business, whose turn is next.
    if (this.#pipeline.holds) return;
    this.flush({ timeoutMs: this.#options.exitGraceMs }).catch((error: unknown) => this.#report(error));
  }

  #actionEnv(runId: string, state: string): Readonly<Record<string, string>> {
    const { traceparent, tracestate } = this.#contextOf(this.#tree.prepareAction(runId, state, this.#now())) ?? {};
    if (traceparent === undefined) return {};
    return { TRACEPARENT: traceparent, ...(tracestate && { TRACESTATE: tracestate }) };
  }

  #contextOf(node: SpanNode | undefined): Record<string, string> | undefined {
    const context = node && this.#writer.contextOf(node);
    const { traceparent, tracestate } = (context && writeTraceContext(context)) ?? {};
    return traceparent === undefined ? undefined : { traceparent, ...(tracestate && { tracestate }) };
  }

  /** The present, in the time of the events. */
  #now(): number {
    return Date.now() + this.#skewMs;
  }
}
