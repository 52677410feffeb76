import type { Point } from "./graph-layout.js";
import type { GraphState, LoopGraph } from "./loop-graph.js";

export interface Box extends Point {
  readonly width: number;
  readonly height: number;
}

const gap = { x: 60, y: 64 };
const margin = 14;

/** Where states are drawn of which there are too many for a layout with few crossings: in rows, in the order of the ways. */
export function gridOf(graph: LoopGraph, sizeOf: (state: GraphState) => Omit<Box, "x" | "y">): readonly Box[] {
  const columns = Math.ceil(Math.sqrt(graph.states.length / 2));
  const boxes = new Map<string, Box>();
  let top = margin;
  const order = inOrderOfWays(graph);
  for (let at = 0; at < order.length; at += columns) {
    let left = margin;
    let below = top;
    for (const state of order.slice(at, at + columns)) {
      const { width, height } = sizeOf(state);
      boxes.set(state.name, { x: left + width / 2, y: top + height / 2, width, height });
      left += width + gap.x;
      below = Math.max(below, top + height + gap.y);
    }
    top = below;
  }
  return graph.states.map(({ name }) => boxes.get(name) as Box);
}

/** Breadth first from the initial state; what no way leads to comes after. */
function inOrderOfWays({ states, edges }: LoopGraph): readonly GraphState[] {
  const byName = new Map(states.map((state) => [state.name, state]));
  const next = new Map<string, string[]>();
  for (const { from, to } of edges) next.set(from, [...(next.get(from) ?? []), to]);
  const order = new Set<GraphState>();
  for (const root of [...states.filter(({ initial }) => initial), ...states]) {
    const waiting = [root];
    for (const state of waiting) {
      if (order.has(state)) continue;
      order.add(state);
      for (const name of next.get(state.name) ?? []) waiting.push(byName.get(name) as GraphState);
    }
  }
  return [...order];
}

/** A straight way from one box to another, from border to border. */
export function wayBetween(from: Box, to: Box): readonly [Point, Point] {
  return [borderOf(from, to), borderOf(to, from)];
}

/** Where the line from the middle of a box to a point leaves it. */
function borderOf({ x, y, width, height }: Box, to: Point): Point {
  const [dx, dy] = [to.x - x, to.y - y];
  const part = Math.min(1, Math.min(width / 2 / Math.abs(dx || 1e-9), height / 2 / Math.abs(dy || 1e-9)));
  return { x: x + dx * part, y: y + dy * part };
}
