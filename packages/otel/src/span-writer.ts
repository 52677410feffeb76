import {
  type Attributes,
  type Context,
  context as contextApi,
  type HrTime,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanStatusCode,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import { attr } from "./attribute-names.js";
import type { SpanEnd, SpanLink, SpanNode, SpanOperations } from "./span-node.js";
import { readTraceContext } from "./trace-context.js";

/** Where the first span of a trace hangs. */
export type RootParent = "none" | "env" | "active";

export interface SpanWriterOptions {
  readonly tracer: Tracer;
  readonly rootParent: RootParent;
  /**
   * Takes an id that the next span is to have, where the ids are ours to give. Without it a span whose identity has to be
   * known is started at once.
   */
  readonly ids?: { newSpanId(): string; setNext(spanId: string | undefined): void } | undefined;
  /** Is told when the SDK ends a span: in between the two it hands it to its processors. */
  readonly pipeline: { ending(node: SpanNode): void; ended(node: SpanNode): void };
}

/** What is kept of a span of the SDK while it is open. */
interface Handle {
  span: Span | undefined;
  /** Of a span that is reserved and not yet started. */
  reserved: string | undefined;
  /** With the span in it, made for the first child. */
  context: Context | undefined;
  /** The span that it was started with a link to. */
  linkedTo: string | undefined;
}

/** Carries operations out with the API of OpenTelemetry. Nothing of it is global, and no context is made active. */
export class SpanWriter implements SpanOperations {
  readonly #options: SpanWriterOptions;
  #lastMs = 0;
  #lastTime: HrTime = [0, 0];

  constructor(options: SpanWriterOptions) {
    this.#options = options;
  }

  reserve(node: SpanNode): void {
    const { ids } = this.#options;
    if (ids === undefined) this.#start(node, {}, undefined);
    else
      node.handle = {
        span: undefined,
        reserved: ids.newSpanId(),
        context: undefined,
        linkedTo: undefined,
      } satisfies Handle;
  }

  start(node: SpanNode, attributes: Attributes, link?: SpanLink): void {
    const started = handleOf(node)?.span;
    if (started === undefined) this.#start(node, attributes, link);
    else started.updateName(node.name).setAttributes(attributes);
  }

  amend(node: SpanNode, attributes: Attributes): void {
    const span = handleOf(node)?.span;
    span?.setAttributes(attributes);
    if (span !== undefined && attr.loop in attributes) span.updateName(node.name);
  }

  link(node: SpanNode, before: SpanLink | SpanNode): void {
    const context = "kind" in before ? this.contextOf(before) : readTraceContext(before);
    const handle = handleOf(node);
    if (context !== undefined && context.spanId !== handle?.linkedTo) handle?.span?.addLink({ context });
  }

  event(node: SpanNode, name: string, ms: number, attributes: Attributes): void {
    handleOf(node)?.span?.addEvent(name, attributes, this.#time(ms));
  }

  end(node: SpanNode, ms: number, how: SpanEnd): void {
    const span = handleOf(node)?.span;
    if (span === undefined) return;
    if (how === "ok") span.setStatus({ code: SpanStatusCode.OK });
    else if (how !== "unset") span.setStatus({ code: SpanStatusCode.ERROR, message: how.message });
    const { pipeline } = this.#options;
    pipeline.ending(node);
    span.end(this.#time(ms));
    // The handle stays for as long as the node does: a run that goes on below it needs its identity.
    pipeline.ended(node);
  }

  discard(node: SpanNode): void {
    const started = handleOf(node)?.span;
    // Whatever was started is ended: processors of the program may hold what they were told of.
    started?.setAttribute(attr.unfinished, true).end(this.#time(node.startMs));
    node.handle = undefined;
  }

  /** The identity of a span that is open or reserved. */
  contextOf(node: SpanNode): SpanContext | undefined {
    const handle = handleOf(node);
    if (handle?.span !== undefined) return handle.span.spanContext();
    if (handle?.reserved === undefined || node.parent === undefined) return undefined;
    const parent = this.contextOf(node.parent);
    return parent && { ...parent, spanId: handle.reserved, isRemote: false };
  }

  #start(node: SpanNode, attributes: Attributes, link: SpanLink | undefined): void {
    const { tracer, ids } = this.#options;
    const startTime = this.#time(node.startMs);
    const target = link && readTraceContext(link);
    const options =
      target === undefined ? { startTime, attributes } : { startTime, attributes, links: [{ context: target }] };
    const reserved = handleOf(node)?.reserved;
    const around = node.parent === undefined ? this.#rootContext() : this.#contextWith(node.parent);
    ids?.setNext(reserved);
    const span = tracer.startSpan(node.name, options, around);
    ids?.setNext(undefined);
    node.handle = { span, reserved: undefined, context: undefined, linkedTo: target?.spanId } satisfies Handle;
  }

  /** Events come close together, and nobody changes a time that was made. */
  #time(ms: number): HrTime {
    if (ms !== this.#lastMs) {
      const seconds = Math.floor(ms / 1000);
      this.#lastTime = [seconds, Math.round((ms - seconds * 1000) * 1_000_000)];
      this.#lastMs = ms;
    }
    return this.#lastTime;
  }

  #contextWith(node: SpanNode): Context {
    const handle = handleOf(node);
    if (handle === undefined) return ROOT_CONTEXT;
    if (handle.span === undefined) {
      const identity = this.contextOf(node);
      return identity === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, identity);
    }
    handle.context ??= trace.setSpan(ROOT_CONTEXT, handle.span);
    return handle.context;
  }

  #rootContext(): Context {
    const { rootParent } = this.#options;
    if (rootParent === "none") return ROOT_CONTEXT;
    if (rootParent === "active" && trace.getSpan(contextApi.active()) !== undefined) return contextApi.active();
    const { TRACEPARENT: traceparent, TRACESTATE: tracestate } = process.env;
    const outer = traceparent === undefined ? undefined : readTraceContext({ traceparent, tracestate });
    return outer === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, outer);
  }
}

function handleOf(node: SpanNode): Handle | undefined {
  return node.handle as Handle | undefined;
}
