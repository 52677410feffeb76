import type { LoopEvent } from "@loops/core";
import { expect, it } from "vitest";
import { liveFeed } from "./live-feed.js";

let n = 0;
const event = (name: string, fields: object = {}): LoopEvent => ({
  event: name,
  ts: new Date(Date.UTC(2026, 0, 1) + ++n).toISOString(),
  id: `id-${n}`,
  run_id: "R",
  loop: "fix",
  ...fields,
});
const names = (feed: ReturnType<typeof liveFeed>) => feed.log.query().events.map((entry) => entry.event.event);

it("an event that comes from two sources is there once", () => {
  const feed = liveFeed();
  const one = event("loop_start");
  expect([feed.hear(one), feed.hear({ ...one }), feed.hear(event("x"))]).toEqual([true, false, true]);
  expect(names(feed)).toEqual(["loop_start", "x"]);
});

it("events without an id, as other programs may send them, are all kept", () => {
  const feed = liveFeed();
  const bare = { event: "x" } as unknown as LoopEvent;
  expect([feed.hear(bare), feed.hear(bare)]).toEqual([true, true]);
  expect(feed.log.query().events.map((entry) => typeof entry.event.id)).toEqual(["string", "string"]);
});

it("ids are remembered for twice as many events as are kept, and not for ever", () => {
  const feed = liveFeed({ maxEntries: 10 });
  const first = event("first");
  feed.hear(first);
  for (let count = 0; count < 19; count++) feed.hear(event("more"));
  expect(feed.hear(first)).toBe(false);
  for (let count = 0; count < 40; count++) feed.hear(event("more"));
  expect(feed.hear(first)).toBe(true);
});

it("the snapshot holds at the log's head, and names it", () => {
  const feed = liveFeed();
  feed.see({ run_id: "R", loop: "fix", definition: { initial: "a", states: { a: {} } }, definition_hash: "h" });
  feed.hear(event("state_enter", { state: "a", iteration: 1 }));
  feed.hear(event("route", { from: "a", to: "b" }));
  const [frame] = feed.snapshot();
  expect(frame).toMatchObject({
    event: "state_change",
    run_id: "R",
    loop: "fix",
    current_state: "b",
    edges: { "a->b": 1 },
    definition_hash: "h",
    cursor: feed.log.query({ limit: 0 }).newest,
  });
});

it("what is known of a run already is not told again", () => {
  const feed = liveFeed();
  const frame = { run_id: "R", loop: "fix", status: "running", alive: true };
  feed.see(frame);
  feed.see(frame);
  feed.see({ run_id: "R", alive: false });
  expect(feed.log.query().events.map((entry) => entry.event["alive"])).toEqual([true, false]);
});

it("what a source has lost stands in the log where it was lost", () => {
  const feed = liveFeed();
  feed.hear(event("a"));
  feed.miss("events.sock", 7);
  feed.hear(event("b"));
  expect(names(feed)).toEqual(["a", "live.gap", "b"]);
});

it("of many runs those that ended longest ago are forgotten first", () => {
  const feed = liveFeed({ maxRuns: 2 });
  feed.hear(event("loop_start", { run_id: "A" }));
  feed.hear(event("loop_start", { run_id: "B" }));
  feed.hear(event("loop_complete", { run_id: "B", terminated_by: "terminal", final_state: "x", iterations: 1 }));
  feed.hear(event("loop_start", { run_id: "C" }));
  expect(feed.snapshot().map((frame) => frame["run_id"])).toEqual(["A", "C"]);
});

it("takes whatever other programs say, and a snapshot of it has only what it should", () => {
  const feed = liveFeed();
  const odd: object[] = [
    { event: 5, id: "1" },
    { event: { a: 1 }, id: "2", ts: {} },
    { event: "loop_complete", id: "3", run_id: "R", terminated_by: "constructor" },
    { event: "state_enter", id: "4", run_id: "__proto__", state: "__proto__" },
    { event: "state_enter", id: "5", run_id: "S", state: "constructor", attempt: 2 },
    { event: "evaluate", id: "6", run_id: "S", verdict: "toString" },
  ];
  for (const one of [...odd, null, undefined, "text"]) expect(feed.hear(one as LoopEvent)).toBe(true);
  expect(feed.log.query().events.map((entry) => typeof entry.event.event)).toEqual(
    odd.map(() => "string").concat("string", "string", "string"),
  );
  expect(feed.run("R")?.status).toBe("completed");
  expect(feed.run("__proto__")?.current_state).toBe("__proto__");
  expect(feed.run("S")).toMatchObject({ visits: { constructor: 1 }, verdicts: { toString: 1 } });
});

it("names without end are not counted without end", () => {
  const feed = liveFeed();
  for (let count = 0; count < 3000; count++) feed.hear(event("route", { from: `${count}`, to: `${count + 1}` }));
  const run = feed.run("R");
  expect(Object.keys(run?.edges ?? {})).toHaveLength(1000);
  expect(run?.current_state).toBe("3000");
});

it("refuses an option that nobody knows, and says which was meant", () => {
  expect(() => liveFeed({ maxEntrys: 3 } as object)).toThrow(/maxEntrys is not known; did you mean maxEntries/);
  expect(() => liveFeed({ maxRuns: 0 })).toThrow(/maxRuns must be whole and at least 1, not 0/);
});
