import type { LoopEvent } from "@loops/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { heldBounds } from "./held-events.js";
import type { SpanEnd, SpanLink, SpanNode, SpanOperations } from "./span-node.js";
import { type Placement, SpanTree, type SpanTreeOptions } from "./span-tree.js";

const defaults: SpanTreeOptions = {
  maxOpenRuns: 100,
  maxSpanEvents: 128,
  maxOutputLines: 100,
  maxOutputChars: 1000,
  maxAttributeLength: 100,
  recordOutput: true,
  otherEvents: "ignore",
};

interface Recorded {
  readonly node: SpanNode;
  readonly attributes: Record<string, unknown>;
  readonly events: { name: string; ms: number; attributes: Readonly<Record<string, unknown>> }[];
  readonly links: (SpanLink | SpanNode)[];
  end?: { ms: number; how: SpanEnd };
}

/** As the SDK takes them: what has no value is none. */
const set = (attributes: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));

/** A tree, and what it did, without an SDK. It throws for operations that make no sense. */
function tree(options: Partial<SpanTreeOptions> = {}) {
  const spans: Recorded[] = [];
  const open = new Map<SpanNode, Recorded>();
  const reserved = new Set<SpanNode>();
  const of = (node: SpanNode) => {
    const span = open.get(node);
    if (span === undefined) throw new Error(`${node.kind} ${node.name} is not open`);
    return span;
  };
  const operations: SpanOperations = {
    reserve: (node) => void reserved.add(node),
    start(node, attributes, link) {
      if (spans.some((span) => span.node === node)) throw new Error("started twice");
      const span = { node, attributes: set(attributes), events: [], links: link === undefined ? [] : [link] };
      reserved.delete(node);
      spans.push(span);
      open.set(node, span);
    },
    amend: (node, attributes) => void Object.assign(of(node).attributes, set(attributes)),
    link: (node, before) => void of(node).links.push(before),
    event: (node, name, ms, attributes) => void of(node).events.push({ name, ms, attributes }),
    end(node, ms, how) {
      of(node).end = { ms, how };
      open.delete(node);
    },
    discard: (node) => void reserved.delete(node),
  };
  /** What was held: so many events were placed later, and those of these runs never. */
  const held = { placed: 0, lost: [] as string[], lostEvents: 0 };
  const subject = new SpanTree({ ...defaults, ...options }, operations, {
    placed: (_node, events) => {
      held.placed += events;
    },
    lost: (runs) => {
      held.lost.push(...runs.map(({ key }) => key));
      for (const { count } of runs) held.lostEvents += count;
    },
  });
  let clock = 1000;
  return {
    subject,
    spans,
    open,
    reserved,
    held,
    /** One event, a second after the one before, held where it has no run. @param laterMs how much later than that it comes */
    send(name: string, fields: Record<string, unknown> = {}, laterMs = 0): Placement {
      clock += 1000 + laterMs;
      const event = { event: name, ts: "", id: `${clock}`, run_id: "R", loop: "fix", ...fields } as LoopEvent;
      const placement = subject.apply(event, clock);
      if (placement === "no-run") subject.hold(event, clock, clock);
      return placement;
    },
    named: (name: string) => spans.filter(({ node }) => node.name === name),
    shape: () => spans.map(({ node, end }) => `${node.kind} ${node.name}${end === undefined ? " …" : ""}`),
  };
}

const unfinished = { "loops.unfinished": true };

describe("loop_start", () => {
  it.each([
    [{ loop: "fix" }, "fix"],
    [{ loop: undefined, loop_name: "old" }, "old"],
    [{ loop: undefined }, "ll-loop"],
    [{ loop: 7 }, "ll-loop"],
    [{ loop: "" }, "ll-loop"],
  ])("O-6: names the span by %j: %s", (fields, name) => {
    const { send, shape } = tree();
    send("loop_start", fields);
    expect(shape()).toEqual([`loop ${name} …`]);
  });

  it("O-6: ends what is still open of the same run, unfinished, before it opens another", () => {
    const { send, spans } = tree();
    send("loop_start");
    send("state_enter", { state: "a" });
    send("loop_start");
    expect(spans.map(({ end }) => end?.ms)).toEqual([4000, 4000, undefined]);
    expect(spans[0]?.attributes).toMatchObject(unfinished);
    expect(spans[1]?.attributes).toMatchObject(unfinished);
  });

  it("O-4: leaves other runs alone, also of the same loop", () => {
    const { send, spans } = tree();
    send("loop_start", { run_id: "one" });
    send("loop_start", { run_id: "two" });
    send("state_enter", { run_id: "one", state: "a" });
    send("state_enter", { run_id: "two", state: "b" });
    send("loop_complete", { run_id: "one" });
    expect(spans.map(({ node }) => node.parent?.startMs)).toEqual([undefined, undefined, 2000, 3000]);
    expect(spans.filter(({ end }) => end === undefined).map(({ node }) => node.name)).toEqual(["fix", "b"]);
  });
});

describe("loop_resume", () => {
  it("O-7: ends action, state and loop without a status, and opens a root with a link", () => {
    const { send, spans } = tree();
    send("loop_start");
    send("state_enter", { state: "a" });
    send("action_start", { action: "act" });
    send("loop_resume", { from_state: "a", iteration: 1, annotations: { traceparent: "old" } });
    expect(spans.map(({ end }) => end?.how)).toEqual(["unset", "unset", "unset", undefined]);
    expect(spans[3]?.node.parent).toBeUndefined();
    expect(spans[3]?.links).toEqual([{ traceparent: "old", tracestate: undefined }, spans[0]?.node]);
    expect(spans[3]?.attributes).toMatchObject({ "loops.resumed": true, "loops.state": "a", "loops.iteration": 1 });
  });

  it.each([undefined, null, "text", {}, { traceparent: 7 }])(
    "O-7: has no link where annotations are %j",
    (annotations) => {
      const { send, spans } = tree();
      send("loop_resume", { annotations });
      expect(spans[0]?.links).toEqual([]);
    },
  );

  it("in the middle of a state opens that, as soon as something is to be put on it", () => {
    const { send, spans, shape } = tree();
    send("loop_resume", { from_state: "a", iteration: 3 });
    expect(shape()).toEqual(["loop fix …"]);
    send("evaluate", { verdict: "yes" });
    expect(shape()).toEqual(["loop fix …", "state a …"]);
    expect(spans[1]?.attributes).toMatchObject({ "loops.state": "a", "loops.iteration": 3, "loops.resumed": true });
  });
});

describe("states and actions", () => {
  it("O-8: state_enter ends the action, unfinished, and the state, and opens the next", () => {
    const { send, spans, shape } = tree();
    send("loop_start");
    send("state_enter", { state: "a" });
    send("action_start", { action: "act" });
    send("state_enter", {});
    expect(shape()).toEqual(["loop fix …", "state a", "action act", "state unknown-state …"]);
    expect(spans[2]?.attributes).toMatchObject(unfinished);
    expect(spans[1]?.attributes).not.toMatchObject(unfinished);
  });

  it("O-8: state_enter of an unknown run is skipped", () => {
    const { send, spans } = tree();
    expect(send("state_enter", { state: "a" })).toBe("no-run");
    expect(spans).toEqual([]);
  });

  it("O-9: action_start ends an open action, and names the span by the first line of the action", () => {
    const { send, spans, shape } = tree();
    send("loop_start");
    send("state_enter", { state: "a" });
    send("action_start", {});
    send("action_start", { action: "  one\ntwo" });
    send("action_start", { action: "x".repeat(500) });
    expect(shape().slice(2)).toEqual(["action unknown-action", "action one…", `action ${"x".repeat(119)}… …`]);
    expect(spans[2]?.attributes).toMatchObject(unfinished);
    expect(spans[4]?.attributes["loops.action"]).toBe(`${"x".repeat(99)}…`);
  });

  it("O-9: action_start without a state is skipped", () => {
    const { send, shape } = tree();
    expect(send("action_start", { action: "act" })).toBe("no-run");
    send("loop_start");
    expect(send("action_start", { action: "act" })).toBe("no-span");
    expect(shape()).toEqual(["loop fix …"]);
  });

  it("O-10: action_complete without an action changes nothing", () => {
    const { send, spans } = tree();
    expect(send("action_complete", { exit_code: 1 })).toBe("no-run");
    send("loop_start");
    send("state_enter", { state: "a" });
    expect(send("action_complete", { exit_code: 1 })).toBe("no-span");
    expect(spans.map(({ end }) => end)).toEqual([undefined, undefined]);
  });

  it("O-10: action_complete ends the action at its time, with exit code and duration, whatever comes next", () => {
    const { send, spans } = tree();
    send("loop_start");
    send("state_enter", { state: "a" });
    send("action_start", { action: "act", is_prompt: true });
    send("action_complete", { exit_code: 0, duration_ms: 12.5, output_preview: null, stderr_preview: "oh" });
    send("evaluate", { verdict: "yes" });
    expect(spans[2]).toMatchObject({
      attributes: {
        "process.exit.code": 0,
        "loops.action.duration_ms": 12.5,
        "loops.stderr_preview": "oh",
        "gen_ai.operation.name": "invoke_agent",
      },
      end: { ms: 5000, how: "unset" },
    });
    expect(spans[2]?.attributes).not.toHaveProperty("loops.output_preview");
  });

  it.each<[number | undefined, string | undefined, object | string]>([
    [0, "yes", "unset"],
    [1, "no", "unset"],
    [2, "yes", "unset"],
    [2, "error", { type: "2", message: "exit code 2" }],
    [124, "error", { type: "timeout" }],
    [-9, "error", { type: "signal", message: "ended by signal 9" }],
    [0, "error", { type: "evaluation_error" }],
    [1, undefined, { type: "1" }],
    [0, undefined, "unset"],
    [undefined, undefined, "unset"],
  ])("an action that ended with %s, and was judged %s, ends as %j", (exit_code, verdict, how) => {
    const { send, spans } = tree();
    send("loop_start");
    send("state_enter", { state: "a" });
    send("action_start");
    send("action_complete", { exit_code });
    if (verdict === undefined) send("route", { from: "a", to: "b" });
    else send("evaluate", { verdict });
    send("state_enter", { state: "b" });
    const ended = spans[2]?.end?.how;
    if (typeof how === "string") expect(ended).toBe(how);
    else expect(ended).toMatchObject(how);
    expect(typeof spans[1]?.end?.how === "object").toBe(verdict === "error");
  });
});

describe("loop_complete", () => {
  it("O-11: ends action and state, then the loop; what comes then is of no run", () => {
    const { send, spans } = tree();
    send("loop_start");
    send("state_enter", { state: "a" });
    send("action_start");
    send("loop_complete", { final_state: "a", iterations: 1, terminated_by: "terminal" });
    expect(spans.map(({ end }) => end?.ms)).toEqual([5000, 5000, 5000]);
    expect(send("loop_complete")).toBe("no-run");
    expect(send("state_enter")).toBe("no-run");
  });

  it.each<[Record<string, unknown>, string | object]>([
    [{ terminated_by: "terminal" }, "ok"],
    [{ terminated_by: "signal" }, "ok"],
    [{ terminated_by: "handoff" }, "ok"],
    [{}, "ok"],
    [{ terminated_by: "anything" }, "ok"],
    [
      { terminated_by: "error", error: { type: "LOOPS_X", message: "m" } },
      { type: "LOOPS_X", message: "error" },
    ],
    [{ terminated_by: "error" }, { type: "error", message: "error" }],
    [{ terminated_by: "cycle_detected" }, { type: "cycle_detected", message: "cycle_detected" }],
    [{ terminated_by: "timeout" }, { type: "timeout", message: "timeout" }],
    [{ terminated_by: "max_iterations" }, { type: "max_iterations", message: "max_iterations" }],
    [{ outcome: "failed" }, { type: "failed", message: "failed" }],
    [{ outcome: "exhausted" }, { type: "exhausted", message: "exhausted" }],
    [
      { outcome: "error", error: "no disk" },
      { type: "error", message: "error" },
    ],
    [{ status: "failed" }, { type: "failed", message: "failed" }],
  ])("O-12: %j ends the loop as %j", (fields, how) => {
    const { send, spans } = tree();
    send("loop_start");
    send("loop_complete", fields);
    expect(spans[0]?.end?.how).toEqual(how);
  });
});

describe("span events", () => {
  it("O-13, O-14: are put on the innermost span: action, else state, else loop", () => {
    const { send, spans } = tree();
    const names = [
      "route",
      "retry_exhausted",
      "cycle_detected",
      "handoff_detected",
      "handoff_spawned",
      "action_output",
    ];
    send("loop_start");
    for (const name of names) send(name);
    send("state_enter", { state: "a" });
    for (const name of names) send(name);
    send("action_start");
    for (const name of names) send(name);
    for (const span of spans) expect(span.events.map(({ name }) => name)).toEqual(names);
  });

  it("O-14: without an open span of their run they are counted", () => {
    const { send, subject, held } = tree();
    expect(send("evaluate", { verdict: "yes" })).toBe("no-run");
    subject.close(9000);
    expect(held).toMatchObject({ lost: ["R"], lostEvents: 1 });
  });

  it("O-15: have fields as typed attributes, bounded, without those that say which event and run it is", () => {
    const { send, spans } = tree();
    send("loop_start");
    const cycle: Record<string, unknown> = { deep: { a: [1] } };
    send("evaluate", {
      type: "custom",
      verdict: "yes",
      score: 0.5,
      ok: true,
      nothing: null,
      nan: Number.NaN,
      big: 10n,
      list: [1, "two"],
      object: { a: 1 },
      long: `${"x".repeat(98)}\u{1f600}`,
      circle: Object.assign(cycle, { cycle }),
      depth: 0,
      parent_run_id: "P",
    });
    expect(spans[0]?.events[0]).toEqual({
      name: "evaluate",
      ms: 3000,
      attributes: {
        "loops.evaluator": "custom",
        "loops.verdict": "yes",
        "loops.detail.score": 0.5,
        "loops.detail.ok": true,
        "loops.detail.big": "10",
        "loops.detail.list": '[1,"two"]',
        "loops.detail.object": '{"a":1}',
        "loops.detail.long": `${"x".repeat(98)}\u{1f600}`,
        "loops.detail.circle": "[cannot be shown]",
      },
    });
    send("evaluate", { long: `${"x".repeat(98)}\u{1f600}${"x".repeat(98)}` });
    expect(spans[0]?.events[1]?.attributes["loops.detail.long"]).toBe(`${"x".repeat(98)}…`);
  });

  it("a thousand fields of an evaluator make 32 attributes", () => {
    const { send, spans } = tree();
    send("loop_start");
    send("evaluate", Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`field_${n}`, n])));
    expect(Object.keys(spans[0]?.events[0]?.attributes ?? {})).toHaveLength(32);
  });

  it("O-16: events of other types are ignored, unless they are to be recorded", () => {
    const ignoring = tree();
    ignoring.send("loop_start");
    expect(ignoring.send("issue.closed")).toBe("ignored");
    expect(ignoring.spans[0]?.events).toEqual([]);

    const { send, spans } = tree({ otherEvents: "record" });
    send("loop_start");
    send("issue.closed", { number: 7, __proto__: null });
    send("issue.closed", { run_id: undefined, loop: undefined, number: 8 });
    expect(spans[0]?.events).toMatchObject([{ name: "issue.closed", attributes: { "loops.field.number": 7 } }]);
    expect(spans[1]).toMatchObject({
      node: { kind: "event", name: "issue.closed" },
      attributes: { "loops.field.number": 8, "loops.event.id": expect.any(String) },
      end: { ms: 4000 },
    });
  });

  it.each(["toString", "__proto__", "constructor", "hasOwnProperty"])(
    "an event named %s is one like any other",
    (name) => {
      const { send } = tree();
      expect(send(name)).toBe("ignored");
      expect(tree({ otherEvents: "record" }).send(name)).toMatchObject({ kind: "event", name });
    },
  );

  it("are bounded in number and characters; what is over is a number on the span", () => {
    const { send, spans, subject } = tree({ maxSpanEvents: 12, maxOutputLines: 10, maxOutputChars: 45 });
    send("loop_start");
    send("state_enter", { state: "a" });
    send("action_start");
    for (let n = 0; n < 20; n++) send("action_output", { line: "12345" });
    for (let n = 0; n < 5; n++) send("route", { from: "a", to: "b" });
    send("loop_complete");
    expect(spans[2]?.events).toHaveLength(12);
    expect(spans[2]?.attributes).toMatchObject({ "loops.dropped_output_lines": 11, "loops.dropped_events": 2 });
    expect(subject.summarised).toBe(13);
  });

  it("output is not shown where that is not wanted, and counted all the same", () => {
    const { send, spans } = tree({ recordOutput: false });
    send("loop_start");
    send("state_enter");
    send("action_start");
    send("action_output", { line: "secret" });
    send("action_complete", { exit_code: 0, output_preview: "secret" });
    send("loop_complete");
    expect(JSON.stringify(spans.map(({ attributes, events }) => [attributes, events]))).not.toContain("secret");
    expect(spans[2]?.attributes).toMatchObject({ "loops.dropped_output_lines": 1 });
  });
});

describe("sub-loops", () => {
  const child = { run_id: "C", parent_run_id: "R", depth: 1, loop: "child" };

  it("O-5: hang below the state of their parent, whatever the order in which the two end", () => {
    const { send, spans } = tree();
    send("loop_start");
    send("state_enter", { state: "a" });
    send("loop_start", child);
    send("loop_complete", { terminated_by: "terminal" });
    send("state_enter", { ...child, state: "b" });
    send("loop_complete", child);
    expect(spans[2]?.node.parent).toBe(spans[1]?.node);
    expect(spans[3]?.node.parent).toBe(spans[2]?.node);
    expect(spans.every(({ end }) => end !== undefined)).toBe(true);
  });

  it("O-5: hang together when their parent's events come late", () => {
    const { send, spans } = tree();
    send("loop_start", { run_id: "D", parent_run_id: "C", depth: 2, loop: "leaf" });
    send("loop_start", child);
    send("loop_start", { loop: "root" });
    expect(spans.map(({ node }) => node.name)).toEqual(["child", "leaf"].concat("root"));
    expect(spans[0]?.attributes).toMatchObject({ "loops.implied": false, "loops.loop": "child", "loops.run_id": "C" });
  });

  it("O-5: hang together when their parent's events never come", () => {
    const { send, spans, subject } = tree();
    send("loop_start", child);
    send("loop_complete", child);
    send("loop_start", { ...child, run_id: "C2" });
    send("loop_complete", { ...child, run_id: "C2" });
    subject.close(9000);
    expect(spans.map(({ node }) => node.parent?.name)).toEqual([undefined, "ll-loop", "ll-loop"]);
    expect(spans[0]?.attributes).toEqual({ "loops.run_id": "R", "loops.implied": true, ...unfinished });
  });

  it("O-5: that name themselves as their parent are no sub-loops", () => {
    const { send, spans } = tree();
    send("loop_start", { parent_run_id: "R" });
    expect(spans.map(({ node }) => [node.name, node.parent])).toEqual([["fix", undefined]]);
  });

  it("O-5: of writers without run ids hang below the run that is one less deep", () => {
    const { send, spans } = tree();
    const old = { run_id: undefined };
    send("loop_start", { ...old, loop: undefined, loop_name: "outer" });
    send("state_enter", { ...old, state: "a" });
    send("loop_start", { ...old, depth: 1 });
    send("loop_complete", { ...old, depth: 1, outcome: "failed" });
    send("loop_complete", { ...old, outcome: "done" });
    expect(spans.map(({ node }) => node.parent?.name)).toEqual([undefined, "outer", "a"]);
    expect(spans.map(({ end }) => end?.how)).toMatchObject(["ok", "unset", { type: "failed" }]);
  });
});

describe("events of a run that has no span", () => {
  /** What a resume emits again before it goes on. */
  const tail = (send: ReturnType<typeof tree>["send"], fields: object = {}) => {
    send("state_enter", { state: "a", iteration: 3, attempt: 2, ...fields });
    send("action_start", { action: "act", ...fields });
    send("action_output", { line: "said", ...fields });
    send("action_complete", { exit_code: 1, duration_ms: 2, output_preview: "said", ...fields });
    send("evaluate", { type: "default", verdict: "no", ...fields });
  };

  it.each(["loop_resume", "loop_start"])("are span events of the loop that %s opens, at their own times", (begins) => {
    const { send, spans, held } = tree();
    tail(send);
    const loop = send(begins, { from_state: "a" });
    expect(loop).toMatchObject({ kind: "loop", carried: 6, shown: 5 });
    expect(spans).toHaveLength(1);
    const resent = { "loops.resent": true, "loops.run_id": "R" };
    expect(spans[0]?.events.map(({ name, ms, attributes }) => [name, ms, set(attributes)])).toEqual([
      ["state_enter", 2000, { ...resent, "loops.state": "a", "loops.iteration": 3, "loops.attempt": 2 }],
      ["action_start", 3000, { ...resent, "loops.action": "act" }],
      ["action_output", 4000, { ...resent, "loops.line": "said" }],
      [
        "action_complete",
        5000,
        { ...resent, "process.exit.code": 1, "loops.action.duration_ms": 2, "loops.output_preview": "said" },
      ],
      ["evaluate", 6000, { ...resent, "loops.evaluator": "default", "loops.verdict": "no" }],
    ]);
    expect(held).toEqual({ placed: 5, lost: [], lostEvents: 0 });
  });

  it("change nothing about when the segment begins, nor what state it is in", () => {
    const { send, spans, shape } = tree();
    tail(send);
    send("loop_resume", { from_state: "a" });
    send("evaluate", { verdict: "yes" });
    expect(shape()).toEqual(["loop fix …", "state a …"]);
    expect(spans.map(({ node }) => node.startMs)).toEqual([7000, 7000]);
    expect(spans[1]?.events).toHaveLength(1);
  });

  it("leave room for the events of the segment that shows them; what is over is a number on it", () => {
    const { send, spans, subject } = tree({ maxSpanEvents: 8, maxOutputLines: 4 });
    for (let n = 0; n < 300; n++) send("action_output", { line: "said" }, -1000);
    for (let n = 0; n < 10; n++) send("route");
    send("loop_resume");
    for (let n = 0; n < 10; n++) send("action_in_doubt");
    send("loop_complete");
    expect(spans[0]?.events.map(({ name }) => name)).toEqual([
      ...["action_output", "action_output", "route", "route"],
      ...["action_in_doubt", "action_in_doubt", "action_in_doubt", "action_in_doubt"],
    ]);
    expect(spans[0]?.attributes).toMatchObject({ "loops.dropped_output_lines": 298, "loops.dropped_events": 14 });
    expect(spans[0]?.node.carried).toBe(322);
    expect(subject.summarised).toBe(312);
  });

  it("show no output where that is not wanted", () => {
    const { send, spans } = tree({ recordOutput: false });
    send("action_output", { line: "secret" });
    send("action_complete", { output_preview: "secret", stderr_preview: "secret" });
    send("loop_resume");
    send("loop_complete");
    expect(JSON.stringify(spans.map(({ attributes, events }) => [attributes, events]))).not.toContain("secret");
    expect(spans[0]?.attributes).toMatchObject({ "loops.dropped_output_lines": 1 });
  });

  it("of a sub-loop that is not gone on with are shown where the run that it is part of ends", () => {
    const { send, spans, held } = tree();
    tail(send);
    send("state_enter", { run_id: "G", parent_run_id: "C", state: "deep" });
    tail(send, { run_id: "C", parent_run_id: "R" });
    send("loop_resume");
    expect(held.placed).toBe(5);
    send("loop_complete");
    expect(held).toEqual({ placed: 11, lost: [], lostEvents: 0 });
    expect(spans.map(({ node }) => node.carried)).toEqual([13]);
    expect(new Set(spans[0]?.events.map(({ attributes }) => attributes["loops.run_id"]))).toEqual(
      new Set(["R", "C", "G"]),
    );
  });

  it("of a sub-loop that goes on are shown on its own loop", () => {
    const { send, spans } = tree();
    tail(send);
    tail(send, { run_id: "C", parent_run_id: "R" });
    send("loop_resume", { from_state: "a" });
    send("loop_resume", { run_id: "C", parent_run_id: "R", from_state: "a" });
    const loops = spans.filter(({ node }) => node.kind === "loop");
    expect(loops.map(({ events }) => events.map(({ attributes }) => attributes["loops.run_id"]))).toEqual([
      Array(5).fill("R"),
      Array(5).fill("C"),
    ]);
  });

  it("are shown on a span that stands for their run, and has the link when the run goes on", () => {
    const { send, spans } = tree();
    tail(send);
    send("loop_start", { run_id: "C", parent_run_id: "R" });
    expect(spans[0]).toMatchObject({ node: { name: "ll-loop", shown: 5 } });
    send("loop_resume", { annotations: { traceparent: "old" } });
    expect(spans[0]).toMatchObject({ node: { name: "fix", shown: 5 }, links: [{ traceparent: "old" }] });
  });

  it("are lost with a count after a minute, and when nothing comes any more", () => {
    const { send, subject, held } = tree();
    send("route", { run_id: "one" });
    send("route", { run_id: "two" }, 30_000);
    expect(held.lost).toEqual([]);
    send("route", { run_id: "two" }, 29_000);
    expect(held).toEqual({ placed: 0, lost: ["one"], lostEvents: 1 });
    send("loop_start", { run_id: "one" });
    subject.close(0);
    expect(held).toEqual({ placed: 0, lost: ["one", "two"], lostEvents: 3 });
  });

  it("that two writers name as part of each other are lost, and nothing hangs", () => {
    const { send, subject, held } = tree();
    send("route", { run_id: "one", parent_run_id: "two" });
    send("route", { run_id: "two", parent_run_id: "one" });
    send("loop_start", { run_id: "three" });
    send("loop_complete", { run_id: "three" });
    subject.close(0);
    expect(held.lost).toEqual(["one", "two"]);
  });

  it("are bounded, in runs and in bytes: those that were held longest give way", () => {
    const { send, held } = tree({ maxAttributeLength: 1_000_000, maxOutputChars: 1_000_000 });
    for (let n = 0; n < heldBounds.runs + 5; n++) send("route", { run_id: `${n}` }, -1000);
    expect(held.lost).toEqual(["0", "1", "2", "3", "4"]);
    const large = { line: "x".repeat(heldBounds.bytes - 1000) };
    for (let n = 200; n < 220; n++) send("action_output", { run_id: `${n}`, ...large }, -1000);
    const room = Math.floor(heldBounds.bytesInAll / (heldBounds.bytes - 1000));
    expect(held.lost).toHaveLength(heldBounds.runs + 20 - room + 5);
    // Of one run, what is over the bound is only counted.
    for (let n = 0; n < 1000; n++) send("action_output", { run_id: "219", ...large }, -1000);
    expect(held.lost).toHaveLength(heldBounds.runs + 20 - room + 5);
    expect(send("loop_resume", { run_id: "219" })).toMatchObject({ carried: 1002, shown: 1, droppedOutput: 1000 });
  });
});

describe("what is never ended", () => {
  it("O-17: is ended at close, innermost first, and marked", () => {
    const { send, spans, subject } = tree();
    send("loop_start");
    send("state_enter", { state: "a" });
    send("loop_start", { run_id: "C", parent_run_id: "R" });
    subject.close(60_000);
    expect(spans.map(({ end }) => end)).toEqual(spans.map(() => ({ ms: 60_000, how: "unset" })));
    expect(spans.every(({ attributes }) => attributes["loops.unfinished"])).toBe(true);
    expect(subject.openRuns).toBe(0);
  });

  it("makes room for new runs: that which was silent longest is ended, and counted", () => {
    const { send, spans, subject } = tree({ maxOpenRuns: 2 });
    send("loop_start", { run_id: "one" });
    send("loop_start", { run_id: "two" });
    send("state_enter", { run_id: "one", state: "a" });
    send("loop_start", { run_id: "three" });
    expect(spans.map(({ end }) => end?.ms)).toEqual([undefined, 5000, undefined, undefined]);
    expect(subject).toMatchObject({ evicted: 1, openRuns: 2 });
    // Every event of a run breaks its silence.
    send("action_output", { run_id: "one" });
    send("loop_start", { run_id: "four" });
    send("action_start", { run_id: "one" });
    send("loop_start", { run_id: "five" });
    expect(subject.loopOf("one")).toBeDefined();
    expect(send("loop_complete", { run_id: "two" })).toBe("no-run");
  });
});

describe("spans whose identity is known before their events", () => {
  it("are those that state_enter and action_start then open", () => {
    const { send, spans, subject, reserved } = tree();
    send("loop_start");
    const action = subject.prepareAction("R", "a", 2500);
    expect(reserved.size).toBe(2);
    send("state_enter", { state: "a" });
    send("action_start", { action: "act" });
    expect(spans[1]?.node).toBe(action?.parent);
    expect(spans[2]?.node).toBe(action);
    expect(spans.map(({ node }) => node.startMs)).toEqual([2000, 3000, 4000]);
    expect(reserved.size).toBe(0);
  });

  it("are given up where other events come, or none", () => {
    const { send, shape, subject, reserved } = tree();
    send("loop_start");
    subject.prepareAction("R", "a", 2500);
    subject.prepareAction("R", "a", 2600);
    expect(reserved.size).toBe(2);
    send("state_enter", { state: "b" });
    expect(reserved.size).toBe(0);
    subject.prepareAction("R", "a", 3500);
    send("loop_complete");
    expect(reserved.size).toBe(0);
    expect(shape()).toEqual(["loop fix", "state b"]);
    expect(subject.prepareAction("R", "a", 9000)).toBeUndefined();
  });
});

it("whatever comes in whatever order, spans make sense, and each event is carried by one of them until it ends", () => {
  const names = [
    "loop_start",
    "loop_resume",
    "state_enter",
    "action_start",
    "action_output",
    "action_complete",
    "evaluate",
  ];
  const event = fc.record({
    event: fc.constantFrom(...names, "route", "loop_complete", "other", "prepare"),
    run: fc.integer({ min: 0, max: 4 }),
    parent: fc.option(fc.integer({ min: 0, max: 4 })),
    ms: fc.integer({ min: 0, max: 100_000 }),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 200 }), fc.constantFrom("ignore", "record"), (events, otherEvents) => {
      const { subject, spans, open, reserved, held } = tree({
        maxOpenRuns: 3,
        otherEvents,
      } as Partial<SpanTreeOptions>);
      let placed = 0;
      let unplaced = 0;
      for (const { event: name, run, parent, ms } of events) {
        const parent_run_id = parent === null ? undefined : `${parent}`;
        const fields = { run_id: `${run}`, parent_run_id, state: "a", from_state: "a", exit_code: 1, verdict: "error" };
        if (name === "prepare") subject.prepareAction(`${run}`, "a", ms);
        else {
          const event = { event: name, ts: "", id: "", ...fields };
          const placement = subject.apply(event, ms);
          if (typeof placement === "object") placed++;
          if (placement === "no-run") {
            unplaced++;
            subject.hold(event, ms, ms);
          }
        }
        // Implied parents come beside a run that is opened.
        expect(subject.openRuns).toBeLessThanOrEqual(3);
      }
      subject.close(100_000);
      expect(open.size + reserved.size).toBe(0);
      expect(held.placed + held.lostEvents).toBe(unplaced);
      expect(spans.reduce((sum, { node }) => sum + node.carried, 0)).toBe(placed + held.placed);
      for (const { node, end } of spans) expect(end?.ms).toBeGreaterThanOrEqual(node.startMs);
    }),
    { numRuns: process.env["LOOPS_LONG"] === "1" ? 50_000 : 500 },
  );
});
