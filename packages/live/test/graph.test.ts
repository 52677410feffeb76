import { expect, it } from "vitest";
import { layoutGraph } from "../page/graph/graph-layout.js";
import { loopGraph } from "../page/graph/loop-graph.js";
import { newRun, type StateShape } from "../src/model/run.js";

const runOf = (states: Readonly<Record<string, StateShape>>, initial: string) => ({
  ...newRun("R"),
  definition: { initial, states },
});

/** So many states, each with ways to others far away, and all of them to the last one. */
const tangled = (count: number) =>
  Object.fromEntries(
    Array.from({ length: count }, (_, at) => [
      `s${at}`,
      { on_yes: `s${(at * 7 + 1) % count}`, on_no: `s${(at * 13 + 5) % count}`, on_error: `s${count - 1}` },
    ]),
  );

const overlaps = ({ states }: ReturnType<typeof layoutGraph>) =>
  states.some((a, at) =>
    states
      .slice(at + 1)
      .some((b) => Math.abs(a.x - b.x) < (a.width + b.width) / 2 && Math.abs(a.y - b.y) < (a.height + b.height) / 2),
  );

it.each([12, 150, 3000])("%i states are laid out in the time of a blink, none over another", (count) => {
  const run = { ...runOf(tangled(count), "s0"), current_state: `s${count - 1}` };
  const begun = performance.now();
  const placed = layoutGraph(loopGraph(run));
  // Seconds and minutes, where many ways are laid out with few crossings.
  expect(performance.now() - begun).toBeLessThan(1500);
  expect(overlaps(placed)).toBe(false);
  expect(placed.states.every(({ x, y }) => x > 0 && x < placed.width && y > 0 && y < placed.height)).toBe(true);
  expect(placed.edges.every(({ path }) => /^M[\d.,MLQC -]+$/.test(path))).toBe(true);
});

it("of more states than anybody can see the present one, the first and those that were entered are drawn", () => {
  const run = { ...runOf(tangled(3000), "s0"), current_state: "s2999", visits: { s1500: 1 } };
  const { states, edges, leftOut } = loopGraph(run);
  expect(states.length + leftOut).toBe(3000);
  const drawn = new Set(states.map(({ name }) => name));
  expect(["s0", "s1500", "s2999"].filter((name) => !drawn.has(name))).toEqual([]);
  expect(edges.every(({ from, to }) => drawn.has(from) && drawn.has(to))).toBe(true);
});

it("states may be called anything", () => {
  const names = ["", "__proto__", "constructor", "\u0000", "\u0001", "a->b", "10", "2"];
  const states = Object.fromEntries(
    names.map((name, at) => [name, { next: names[(at + 1) % names.length] as string }]),
  );
  const placed = layoutGraph(loopGraph(runOf(states, "")));
  expect(placed.states.map(({ name }) => name).sort()).toEqual(names.sort());
  expect(placed.edges).toHaveLength(names.length);
});

it("a run that has been nowhere yet is an empty picture", () => {
  expect(layoutGraph(loopGraph(newRun("R")))).toEqual({ states: [], edges: [], width: 1, height: 1 });
});
