import type { LoopEvent } from "@loops/core";
import { array, assert, boolean, constantFrom, integer, property, tuple } from "fast-check";
import { describe, expect, it } from "vitest";
import { applyEvent } from "./apply-event.js";
import { toFrame } from "./frame.js";
import { emptyModel, type LiveModel, type ModelItem, reduce } from "./model.js";
import { newRun, shownStatus } from "./run.js";

let n = 0;
const event = (name: string, fields: object = {}, run = "R"): LoopEvent => ({
  event: name,
  ts: new Date(Date.UTC(2026, 0, 1) + ++n * 100).toISOString(),
  id: `id-${n}`,
  run_id: run,
  loop: "fix",
  depth: 0,
  ...fields,
});

const lap = (iteration: number, run = "R"): LoopEvent[] => [
  event("state_enter", { state: "check", iteration }, run),
  event("action_start", { action: "tsc", is_prompt: false }, run),
  event("action_complete", { exit_code: 1, duration_ms: 50, output_preview: "bad", is_prompt: false }, run),
  event("evaluate", { type: "exit_code", verdict: "no" }, run),
  event("route", { from: "check", to: "fix" }, run),
  event("state_enter", { state: "fix", iteration: iteration + 1 }, run),
  event("route", { from: "fix", to: "check" }, run),
];

const entries = (events: readonly LoopEvent[]): ModelItem[] =>
  events.map((one, index) => ({ type: "event", event: one, cursor: `e:${index + 1}` }));

/** What a reader sees of a model; how it remembers is its own business. */
const shown = ({ runs, rows, gapCounts, eventCount, position }: LiveModel) => ({
  runs,
  rows,
  gapCounts,
  eventCount,
  position,
});

describe("the model", () => {
  it("knows where a run stands, how often each way was taken, and what each step did", () => {
    const model = reduce(emptyModel(), entries([event("loop_start"), ...lap(1), ...lap(3)]));
    const run = model.runs.get("R");
    expect(run).toMatchObject({ current_state: "check", status: "running", iteration: 4, last_edge: "fix->check" });
    expect(run?.edges).toEqual({ "check->fix": 2, "fix->check": 2 });
    expect(run?.visits).toEqual({ check: 2, fix: 2 });
    expect(run?.verdicts).toEqual({ no: 2 });
    expect(run?.timeline).toHaveLength(4);
    expect(run?.timeline[0]).toMatchObject({
      state: "check",
      action: "tsc",
      duration_ms: 50,
      exit_code: 1,
      output: "bad",
      verdict: "no",
      to: "fix",
    });
  });

  it.each([
    ["terminal", "completed"],
    ["error", "failed"],
    ["max_iterations", "interrupted"],
    ["timeout", "timed_out"],
    ["signal", "interrupted"],
    ["handoff", "awaiting_continuation"],
    ["cycle_detected", "failed"],
  ])("a run that ended by %s is %s", (terminated_by, status) => {
    const end = event("loop_complete", { final_state: "x", iterations: 3, terminated_by });
    const run = reduce(emptyModel(), entries([event("loop_start"), ...lap(1), end])).runs.get("R");
    expect(run).toMatchObject({ status, phase: "ended", current_state: "x", iteration: 3 });
  });

  it("a state entered anew after a crash is not counted twice, and the step says why", () => {
    const events = [
      event("loop_start"),
      event("state_enter", { state: "fix", iteration: 1 }),
      event("loop_resume", { from_state: "fix", iteration: 1 }),
      event("action_in_doubt", { state: "fix", action: "x", policy: "rerun", orphan: "none" }),
      event("state_enter", { state: "fix", iteration: 1, attempt: 2 }),
    ];
    const run = reduce(emptyModel(), entries(events)).runs.get("R");
    expect(run?.visits).toEqual({ fix: 1 });
    expect(run?.timeline.map(({ attempt, notes }) => [attempt, notes])).toEqual([
      [1, ["resumed", "in doubt"]],
      [2, []],
    ]);
  });

  it("history, replay and live events in any pieces, with duplicates at the seams, give the same model", () => {
    const events = [event("loop_start"), ...lap(1), ...lap(1, "S"), ...lap(3), event("note", { run_id: undefined })];
    const items = entries(events);
    const whole = shown(reduce(emptyModel(), items));
    const cuts = array(tuple(integer({ min: 0, max: items.length }), integer({ min: 0, max: 5 }), boolean()));
    assert(
      property(cuts, (pieces) => {
        let model = emptyModel();
        let from = 0;
        for (const [to, overlap, oneByOne] of pieces.sort(([a], [b]) => a - b)) {
          const piece = items.slice(Math.max(0, from - overlap), to);
          if (oneByOne) for (const item of piece) model = reduce(model, [item]);
          else model = reduce(model, piece);
          from = Math.max(from, to);
        }
        expect(shown(reduce(model, items.slice(from)))).toEqual(whole);
      }),
    );
  });

  it("a snapshot holds from its place on: wherever it comes, counts are those of all events", () => {
    const events = [event("loop_start"), ...lap(1), ...lap(3), ...lap(5)];
    const items = entries(events);
    const whole = reduce(emptyModel(), items).runs.get("R");
    const at = integer({ min: 1, max: events.length });
    assert(
      property(at, at, at, constantFrom(0, 3), (a, b, c, evicted) => {
        const [joined = 1, place = 1] = [a, b].sort((x, y) => x - y);
        // The page has read up to `joined`, perhaps without the first ones; the snapshot is of `place`.
        const run = events.slice(0, place).reduce((state, one) => applyEvent(state, one, 9), newRun("R"));
        const cursor = `e:${place}`;
        const snapshot: ModelItem = { type: "snapshot", runs: [{ ...toFrame(run), cursor }], cursor: `e:${joined}` };
        let model = reduce(emptyModel(), items.slice(Math.min(evicted, joined - 1), joined));
        model = reduce(model, [snapshot, ...items.slice(joined, c)]);
        model = reduce(model, items.slice(Math.max(joined, c)));
        expect(model.runs.get("R")).toMatchObject({
          edges: whole?.edges,
          visits: whole?.visits,
          verdicts: whole?.verdicts,
        });
      }),
    );
  });

  it("does not change what it was given", () => {
    const before = reduce(emptyModel(), entries([event("loop_start"), ...lap(1)]));
    const copy = structuredClone(before);
    reduce(before, [...entries(lap(3)), { type: "gap", missed: 2, cursor: "e:99" }]);
    expect(before).toEqual(copy);
  });
});

describe("gaps", () => {
  it("stand in the stream where they happened, and are counted", () => {
    const [a, b] = entries([event("a"), event("b")]) as [ModelItem, ModelItem];
    const model = reduce(emptyModel(), [a, { type: "gap", missed: 12, cursor: "e:13" }, b]);
    expect(model.rows.map((row) => (row.kind === "gap" ? row.missed : row.event.event))).toEqual(["a", 12, "b"]);
    expect(model.gapCounts).toEqual({ gaps: 1, missed: 12, unknown: 0 });
  });

  it("of a server that began anew and has everything again turn out to be none", () => {
    const items = entries([event("loop_start"), ...lap(1)]);
    const before = reduce(emptyModel(), items);
    const anew = items.map((item) => ({ ...item, cursor: `f${item.type === "event" ? item.cursor : ""}` }));
    const more = entries([event("later")]);
    const after = reduce(before, [{ type: "gap", missed: null, cursor: "f:0" }, ...anew, ...more]);
    expect(after.gapCounts).toEqual({ gaps: 0, missed: 0, unknown: 0 });
    expect(after.rows.filter(({ kind }) => kind === "gap")).toMatchObject([{ healed: true }]);
    expect(after.eventCount).toBe(before.eventCount + 1);
    expect(after.runs.get("R")?.edges).toEqual(before.runs.get("R")?.edges);
  });

  it("of a server that has lost something stay", () => {
    const before = reduce(emptyModel(), entries([event("a"), event("b")]));
    const after = reduce(before, [{ type: "gap", missed: null, cursor: "f:0" }, ...entries([event("c")])]);
    expect(after.gapCounts).toEqual({ gaps: 1, missed: 0, unknown: 1 });
  });

  it("that a source has told of name it", () => {
    const told = event("live.gap", { source: "events.sock", missed: 3, run_id: undefined });
    const model = reduce(emptyModel(), entries([told]));
    expect(model.rows).toMatchObject([{ kind: "gap", missed: 3, source: "events.sock" }]);
    expect(model.eventCount).toBe(0);
  });
});

describe("bounds", () => {
  it("hold for rows, visits and runs; what is let go of is counted", () => {
    const bounds = { maxRows: 10, maxVisits: 3, maxRuns: 2 };
    const runs = ["A", "B", "C"].flatMap((run) => [event("loop_start", {}, run), ...lap(1, run), ...lap(3, run)]);
    const end = event("loop_complete", { final_state: "x", iterations: 4, terminated_by: "terminal" }, "B");
    const model = reduce(emptyModel(bounds), entries([...runs, end]));
    expect(model.rows).toHaveLength(10);
    expect(model.rowCount).toBe(runs.length + 1);
    // The one that has ended goes, not one that runs.
    expect([...model.runs.keys()]).toEqual(["A", "C"]);
    expect(model.runs.get("A")?.timeline.map(({ key }) => key)).toEqual([1, 2, 3]);
    expect(model.runs.get("A")?.visit_count).toBe(4);
  });
});

it("rows are bounded in bytes too, and the last one stays, however large it is", () => {
  const large = (length: number) => event("blob", { text: "x".repeat(length) });
  const before = reduce(emptyModel({ maxRowBytes: 100_000 }), entries([large(40_000), large(40_000), large(40_000)]));
  expect(before.rows.map(({ key }) => key)).toEqual([1, 2]);
  expect(before.rowBytes).toBeLessThan(100_000);
  const after = reduce(before, entries([large(200_000)]));
  expect(after.rows.map(({ key }) => key)).toEqual([3]);
  expect([after.rowCount, after.eventCount]).toEqual([4, 4]);
});

it("of what a step ran its first letters are kept, and of what it printed the last", () => {
  const [action, output] = [`a${"x".repeat(50_000)}`, `${"x".repeat(50_000)}z`];
  const model = reduce(
    emptyModel(),
    entries([
      event("state_enter", { state: "a", iteration: 1 }),
      event("action_start", { action }),
      event("action_complete", { output_preview: output }),
    ]),
  );
  const [visit] = model.runs.get("R")?.timeline ?? [];
  expect([visit?.action?.length, visit?.output?.length]).toEqual([20_001, 20_001]);
  expect([visit?.action?.[0], visit?.output?.at(-1)]).toEqual(["a", "z"]);
});

it("of a definition, what is of the wrong kind counts as absent", () => {
  const state = { action: {}, action_type: 3, next: null, route: null, on_verdict: "x", on_yes: ["b"], on_no: "b" };
  const definition = {
    initial: "a",
    max_iterations: {},
    states: { a: state, b: { terminal: "x", route: { yes: 3 } } },
  };
  const frame = event("state_change", { definition, edges: { "a->b": "many" } });
  const run = reduce(emptyModel(), entries([frame])).runs.get("R");
  expect(run?.definition).toEqual({ initial: "a", states: { a: { on_no: "b" }, b: {} } });
  expect(run?.edges).toEqual({});
});

it("a run whose process is gone is shown as killed", () => {
  const alive = reduce(emptyModel(), entries([event("loop_start")]));
  const frame = event("state_change", { alive: false });
  const gone = reduce(alive, entries([frame]));
  expect([...alive.runs.values(), ...gone.runs.values()].map(shownStatus)).toEqual(["running", "killed"]);
});
