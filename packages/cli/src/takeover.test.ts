import type { RunState } from "@loops/fsm";
import { expect, it } from "vitest";
import { isToBeGivenUp } from "./giving-up-store.js";
import { isAbandoned, pickSome, RetryTimes } from "./takeover.js";

const seen = (fields: object, owned = false) => ({
  run: { status: "running", parent_run_id: null, ...fields } as unknown as RunState,
  owned,
});

it("a run waits for a worker where it says that it runs and its process is gone", () => {
  expect(isAbandoned(seen({}))).toBe(true);
  expect(isAbandoned(seen({}, true))).toBe(false);
});

it("what a person has stopped, what waits for one, and what has ended is left alone", () => {
  for (const status of ["interrupted", "awaiting_continuation", "completed", "failed", "timed_out"]) {
    expect(isAbandoned(seen({ status })), status).toBe(false);
  }
});

it("a child is its parent's to go on with, also where that is gone", () => {
  expect(isAbandoned(seen({ parent_run_id: "01PARENT" }))).toBe(false);
  expect(isAbandoned(seen({ parent_run_id: undefined }))).toBe(true);
});

it("some are picked at random, each once, and never more than there are", () => {
  expect(pickSome(["a", "b", "c"], 2, () => 0)).toEqual(["a", "b"]);
  expect(pickSome(["a", "b", "c"], 2, () => 0.99)).toEqual(["c", "b"]);
  expect(pickSome(["a"], 5).length).toBe(1);
  expect(pickSome([], 1)).toEqual([]);
});

it("a run that fails to go on is tried after a pause that doubles up to a minute, and anew once it succeeded", () => {
  const retries = new RetryTimes();
  expect(retries.isDue("a", 0)).toBe(true);
  expect([1, 2, 3, 4, 5, 6, 7, 8].map(() => retries.failed("a", 0))).toEqual([
    1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000,
  ]);
  expect([retries.isDue("a", 59_999), retries.isDue("a", 60_000), retries.isDue("b", 0)]).toEqual([false, true, true]);
  retries.succeeded("a");
  expect(retries.isDue("a", 0)).toBe(true);
  retries.failed("b", 0);
  retries.keepOnly(new Set(["a"]));
  expect(retries.isDue("b", 0)).toBe(true);
});

it("a worker that leaves begins nothing, and says of no run that it was stopped; what was done it records", () => {
  expect(isToBeGivenUp({ set: { phase: "acting" } })).toBe(true);
  expect(isToBeGivenUp({ set: { status: "interrupted", phase: "ready" } })).toBe(true);
  expect(isToBeGivenUp({ set: { phase: "acted" } })).toBe(false);
  expect(isToBeGivenUp({ set: { status: "completed" } })).toBe(false);
  expect(isToBeGivenUp({})).toBe(false);
});
