import type { LoopEvent } from "@loops/core";
import { attributeValue, boundedText } from "./attribute-value.js";
import { HeldEvents, type HeldRun } from "./held-events.js";
import { OpenRuns, parentKeyOf, type Run, runKeyOf, timeIn } from "./open-runs.js";
import { actionFailure, errorOf, loopEnd } from "./outcome.js";
import { ShownEvents, type ShownEventsOptions } from "./shown-events.js";
import {
  actionAttributes,
  actionEndAttributes,
  loopAttributes,
  loopEndAttributes,
  stateAttributes,
} from "./span-attributes.js";
import { SpanEnds } from "./span-ends.js";
import { nameOf } from "./span-name.js";
import { type SpanLink, type SpanNode, type SpanOperations, spanNode } from "./span-node.js";

export interface SpanTreeOptions extends ShownEventsOptions {
  readonly maxOpenRuns: number;
  readonly otherEvents: "ignore" | "record";
}

/**
 * What became of an event: the span that carries it; `ignored`, where it is of a type that is not shown; `no-run`, where
 * no span of its run is open, and it may be held; `no-span`, where the run has none that it could be put on.
 */
export type Placement = SpanNode | "ignored" | "no-run" | "no-span";

/** What becomes of events that were held. */
export interface HeldOutcome {
  /** A span carries them now. */
  placed(node: SpanNode, events: number): void;
  /** Their run did not go on. */
  lost(runs: readonly HeldRun[]): void;
}

/**
 * Turns the events of loops into operations on spans: loop, state and action of each run, and runs of sub-loops below the
 * state of their parent. Knows no clock and no SDK: what it does depends on the events alone.
 */
export class SpanTree {
  /** Runs whose spans were ended because too many were open. */
  evicted = 0;
  readonly #options: SpanTreeOptions;
  readonly #operations: SpanOperations;
  readonly #shown: ShownEvents;
  readonly #ends: SpanEnds;
  readonly #runs = new OpenRuns();
  readonly #held: HeldEvents;

  constructor(options: SpanTreeOptions, operations: SpanOperations, outcome: HeldOutcome) {
    this.#options = options;
    this.#operations = operations;
    this.#shown = new ShownEvents(options, operations);
    this.#ends = new SpanEnds(operations, this.#shown);
    this.#held = new HeldEvents({
      toShow: (event, ms) => this.#shown.toHold(event, ms),
      loopOf: (key) => this.loopOf(key),
      show: (node, run) => {
        this.#shown.putHeld(node, run);
        outcome.placed(node, run.count);
      },
      lose: outcome.lost,
    });
  }

  /** Events that a span only counts, because it has as many as it may show. */
  get summarised(): number {
    return this.#shown.summarised;
  }

  /** Runs that have begun and not ended. */
  get openRuns(): number {
    return this.#runs.size;
  }

  /** @param ms when the event happened */
  apply(event: LoopEvent, ms: number): Placement {
    switch (event.event) {
      case "loop_start":
      case "loop_resume":
        return this.#loopBegins(event, ms);
      case "state_enter":
        return this.#stateBegins(event, ms);
      case "action_start":
        return this.#actionBegins(event, ms);
      case "action_complete":
        return this.#actionEnds(event, ms);
      case "loop_complete":
        return this.#loopEnds(event, ms);
      default:
        return this.#spanEvent(event, ms);
    }
  }

  /**
   * Keeps an event of which `apply` says `no-run`, until its run goes on.
   *
   * @param nowMs on a clock that only goes forward
   */
  hold(event: LoopEvent, ms: number, nowMs: number): void {
    this.#held.hold(event, ms, nowMs);
  }

  /** The loop span of a run that is open. */
  loopOf(runId: string): SpanNode | undefined {
    return this.#runs.get(runId)?.loop;
  }

  /** The state that the event's run is in, by name. */
  stateNameOf(event: LoopEvent): string | undefined {
    return this.#runs.get(runKeyOf(event))?.state?.name;
  }

  /**
   * The span of an action that is about to be announced, with the state that it is the action of: its process has to
   * know it before the events come. `undefined` for an unknown run.
   *
   * @param nowMs the present, in the time of the events
   */
  prepareAction(runId: string, state: string, nowMs: number): SpanNode | undefined {
    const run = this.#runs.get(runId);
    if (run === undefined) return undefined;
    this.#ends.discardPrepared(run);
    const stateNode = spanNode("state", nameOf(state, "unknown-state"), run.loop, Math.max(nowMs, run.lastMs));
    const action = spanNode("action", "unknown-action", stateNode, stateNode.startMs);
    run.prepared = { state: stateNode, action, entered: false };
    this.#operations.reserve(stateNode);
    this.#operations.reserve(action);
    return action;
  }

  /** Ends every span that is open, marked as unfinished. @param ms the present, in the time of the events */
  close(ms: number): void {
    this.#held.close();
    // The innermost runs first: a child's spans end before those around them.
    for (const run of this.#runs.all().reverse()) this.#abandon(run, ms);
  }

  #loopBegins(event: LoopEvent, ms: number): SpanNode {
    const key = runKeyOf(event);
    const name = nameOf(event["loop"] ?? event["loop_name"], "ll-loop");
    const attributes = loopAttributes(event, name, this.#options.maxAttributeLength);
    const open = this.#runs.get(key);
    if (open?.implied === true) {
      // Children of it came first; their spans hang below this one.
      open.implied = false;
      open.loop.name = name;
      open.resumedIn = resumedIn(event);
      this.#operations.amend(open.loop, { ...attributes, "loops.implied": false });
      const link = linkOf(event);
      if (link !== undefined) this.#operations.link(open.loop, link);
      return carry(open.loop);
    }
    const isResume = event.event === "loop_resume";
    // When its process died, nobody knows; when it last lived, its events say.
    if (open !== undefined) this.#abandon(open, isResume ? open.lastMs : ms);
    const run = this.#open(key, name, this.#parentOf(event, ms), ms);
    run.resumedIn = resumedIn(event);
    this.#operations.start(run.loop, attributes, linkOf(event));
    // All of the segment before was emitted again: the link is to spans that never arrived, but for that one's.
    if (open !== undefined && isResume) this.#operations.link(run.loop, open.loop);
    this.#held.begun(key, run.loop);
    return carry(run.loop);
  }

  #stateBegins(event: LoopEvent, ms: number): Placement {
    const run = this.#runs.touch(runKeyOf(event));
    if (run === undefined) return "no-run";
    this.#ends.settleAction(run, undefined);
    this.#ends.cutAction(run, ms);
    this.#ends.endState(run, ms);
    run.resumedIn = undefined;
    const name = nameOf(event["state"], "unknown-state");
    if (run.prepared?.entered === true || run.prepared?.state.name !== name) this.#ends.discardPrepared(run);
    const node = run.prepared?.state ?? spanNode("state", name, run.loop, 0);
    if (run.prepared !== undefined) run.prepared.entered = true;
    return carry(this.#openState(run, node, event, ms));
  }

  #actionBegins(event: LoopEvent, ms: number): Placement {
    const run = this.#runs.touch(runKeyOf(event));
    if (run === undefined) return "no-run";
    const state = this.#stateOf(run);
    if (state === undefined) return "no-span";
    this.#ends.settleAction(run, undefined);
    this.#ends.cutAction(run, ms);
    if (run.prepared?.state !== state) this.#ends.discardPrepared(run);
    const node = run.prepared?.action ?? spanNode("action", "", state, 0);
    run.prepared = undefined;
    node.name = nameOf(event["action"], "unknown-action");
    node.startMs = timeIn(run, ms);
    run.action = node;
    const { maxAttributeLength } = this.#options;
    this.#operations.start(node, actionAttributes(event, run.loop.name, state.name, maxAttributeLength));
    return carry(node);
  }

  #actionEnds(event: LoopEvent, ms: number): Placement {
    const run = this.#runs.touch(runKeyOf(event));
    if (run === undefined) return "no-run";
    if (run.action === undefined) return "no-span";
    const { action: node } = run;
    const exitCode = typeof event["exit_code"] === "number" ? event["exit_code"] : undefined;
    const { recordOutput, maxAttributeLength } = this.#options;
    this.#operations.amend(node, actionEndAttributes(event, recordOutput, maxAttributeLength));
    run.action = undefined;
    // Its status is the verdict's to say, which is in an event to come.
    run.acted = { node, endMs: timeIn(run, ms), exitCode };
    return carry(node);
  }

  #loopEnds(event: LoopEvent, ms: number): Placement {
    const run = this.#runs.get(runKeyOf(event));
    if (run === undefined) return "no-run";
    const error = errorOf(event);
    this.#ends.settleAction(run, undefined);
    this.#ends.cutAction(run, ms);
    if (error !== undefined && run.state !== undefined && error.state === run.state.name) run.state.failure ??= error;
    this.#ends.endState(run, ms);
    this.#ends.discardPrepared(run);
    this.#operations.amend(run.loop, loopEndAttributes(event, this.#options.maxAttributeLength));
    this.#held.ending(run.loop);
    this.#runs.delete(run);
    carry(run.loop);
    this.#ends.end(run.loop, timeIn(run, ms), loopEnd(event));
    return run.loop;
  }

  #spanEvent(event: LoopEvent, ms: number): Placement {
    const isOwn = this.#shown.fields.has(event.event);
    if (!isOwn && this.#options.otherEvents === "ignore") return "ignored";
    const run = this.#runs.touch(runKeyOf(event));
    if (run === undefined) return isOwn ? "no-run" : this.#single(event, ms);
    if (event.event !== "action_output")
      this.#ends.settleAction(run, event.event === "evaluate" ? event["verdict"] : undefined);
    const node = run.action ?? (event.event === "action_in_doubt" ? run.loop : (this.#stateOf(run) ?? run.loop));
    if (event.event === "evaluate") this.#judge(run, node, event["verdict"]);
    this.#shown.put(node, event, timeIn(run, ms));
    return carry(node);
  }

  #judge(run: Run, node: SpanNode, verdict: unknown): void {
    if (node.kind !== "state") return;
    this.#operations.amend(node, { "loops.verdict": attributeValue(verdict, this.#options.maxAttributeLength) });
    if (verdict === "error") node.failure = actionFailure(run.lastExitCode);
  }

  /** An event of a type that is not known, and of no run that is: a span of its own, without a duration. */
  #single(event: LoopEvent, ms: number): SpanNode {
    const node = carry(spanNode("event", nameOf(event.event, "event"), undefined, ms));
    this.#operations.start(node, this.#shown.fields.attributes(event));
    this.#operations.end(node, ms, "unset");
    return node;
  }

  #parentOf(event: LoopEvent, ms: number): SpanNode | undefined {
    const key = parentKeyOf(event);
    if (key === undefined) return undefined;
    const parent = this.#runs.touch(key) ?? this.#imply(key, ms);
    return this.#stateOf(parent) ?? parent.loop;
  }

  /** The run of a child whose own events come late, or never: its children hang together all the same. */
  #imply(key: string, ms: number): Run {
    const run = this.#open(key, "ll-loop", undefined, ms);
    run.implied = true;
    this.#operations.start(run.loop, { "loops.run_id": boundedText(key, 128), "loops.implied": true });
    this.#held.begun(key, run.loop);
    return run;
  }

  #open(key: string, name: string, parent: SpanNode | undefined, ms: number): Run {
    const oldest = this.#runs.size >= this.#options.maxOpenRuns ? this.#runs.oldest() : undefined;
    if (oldest !== undefined) {
      this.evicted++;
      this.#abandon(oldest, ms);
    }
    return this.#runs.open(key, spanNode("loop", name, parent, ms));
  }

  #openState(run: Run, node: SpanNode, event: LoopEvent, ms: number): SpanNode {
    node.startMs = timeIn(run, ms);
    run.state = node;
    run.lastExitCode = undefined;
    const { maxAttributeLength } = this.#options;
    this.#operations.start(node, stateAttributes(event, run.loop.name, node.name, maxAttributeLength));
    return node;
  }

  /** The state span; after a resume in the middle of a state, one that begins there. */
  #stateOf(run: Run): SpanNode | undefined {
    const { resumedIn: event } = run;
    if (run.state !== undefined || event === undefined) return run.state;
    run.resumedIn = undefined;
    const name = nameOf(event["from_state"], "unknown-state");
    const node = this.#openState(run, spanNode("state", name, run.loop, 0), event, run.loop.startMs);
    this.#operations.amend(node, { "loops.resumed": true });
    return node;
  }

  #abandon(run: Run, ms: number): void {
    this.#runs.delete(run);
    this.#ends.cutRun(run, ms);
  }
}

function carry(node: SpanNode): SpanNode {
  node.carried++;
  return node;
}

function resumedIn(event: LoopEvent): LoopEvent | undefined {
  return event.event === "loop_resume" && typeof event["from_state"] === "string" ? event : undefined;
}

function linkOf({ annotations }: LoopEvent): SpanLink | undefined {
  if (typeof annotations !== "object" || annotations === null) return undefined;
  const { traceparent, tracestate } = annotations as Record<string, unknown>;
  if (typeof traceparent !== "string") return undefined;
  return { traceparent, tracestate: typeof tracestate === "string" ? tracestate : undefined };
}
