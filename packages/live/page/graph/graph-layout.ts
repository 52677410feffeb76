import { Graph, layout } from "@dagrejs/dagre";
import { clip } from "../../src/model/clip.js";
import { type Box, gridOf, wayBetween } from "./grid-layout.js";
import type { GraphEdge, GraphState, LoopGraph } from "./loop-graph.js";

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface PlacedState extends GraphState {
  /** Centre. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface PlacedEdge extends GraphEdge {
  /** As SVG has it. */
  readonly path: string;
  /** Centre of its label. */
  readonly label: Point;
}

export interface PlacedGraph {
  readonly states: readonly PlacedState[];
  readonly edges: readonly PlacedEdge[];
  readonly width: number;
  readonly height: number;
}

const stateHeight = 42;
const minStateWidth = 84;
/** Of the widest letters of the fonts in use, about. */
const stateLetter = 7.4;
const labelLetter = 6.2;
const padding = 28;
export const maxNameLetters = 26;
const maxLabelLetters = 40;

/**
 * Above these, a layout with few crossings takes seconds, in which the page stands still: its time grows with the square of
 * the ways, and where many lead to one state, with more than that.
 */
const maxLayeredStates = 40;
const maxLayeredEdges = 100;
/** At the right with room for what leads from a state to itself. */
const gridMargin = { right: 120, bottom: 14 };

/** Where states and ways are drawn, in pixels. Pure; the same graph gives the same picture. */
export function layoutGraph(graph: LoopGraph): PlacedGraph {
  const { states, edges } = graph;
  if (states.length === 0) return { states: [], edges: [], width: 1, height: 1 };
  const layered = states.length <= maxLayeredStates && edges.length <= maxLayeredEdges;
  const { boxes, ways, width, height } = layered ? inLayers(graph) : inRows(graph);
  const placed = new Map(states.map((state, index) => [state.name, { ...state, ...(boxes[index] as Box) }]));
  return {
    states: [...placed.values()],
    edges: edges.map((edge, index) => {
      const state = placed.get(edge.from) as PlacedState;
      if (edge.from !== edge.to) return { ...edge, ...(ways[index] as Way) };
      // Beside the loop, which is nearer to the state than room was made for.
      const labelX = state.x + state.width / 2 + 30 + labelWidth(edge.labels, "×1") / 2;
      return { ...edge, path: selfLoop(state), label: { x: labelX, y: state.y } };
    }),
    width: Math.ceil(width),
    height: Math.ceil(height),
  };
}

type Way = Pick<PlacedEdge, "path" | "label">;

interface Layout {
  /** Of each state. */
  readonly boxes: readonly Box[];
  /** Of each edge, that of a state to itself not meant. */
  readonly ways: readonly Way[];
  readonly width: number;
  readonly height: number;
}

/** By dagre, which knows states by their number: as a name, `__proto__` would break it. */
function inLayers({ states, edges }: LoopGraph): Layout {
  const graph = new Graph({ multigraph: false, compound: false });
  graph.setGraph({ rankdir: "TB", nodesep: 36, ranksep: 44, edgesep: 18, marginx: 14, marginy: 14 });
  const ids = new Map(states.map(({ name }, index) => [name, `${index}`]));
  const idOf = (name: string) => ids.get(name) as string;
  for (const state of states) graph.setNode(idOf(state.name), sizeOf(state));
  for (const { from, to, labels } of edges) {
    graph.setEdge(idOf(from), idOf(to), { width: labelWidth(labels), height: 16, labelpos: "c" });
  }
  layout(graph);
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  return {
    width,
    height,
    boxes: states.map(({ name }) => graph.node(idOf(name)) as Box),
    ways: edges.map(({ from, to }) => {
      const way = graph.edge(idOf(from), idOf(to)) as Partial<Point> & { points?: Point[] };
      return { path: pathThrough(way.points ?? []), label: { x: way.x ?? 0, y: way.y ?? 0 } };
    }),
  };
}

function inRows(graph: LoopGraph): Layout {
  const boxes = gridOf(graph, sizeOf);
  const byName = new Map(graph.states.map(({ name }, index) => [name, boxes[index] as Box]));
  const ways = graph.edges.map(({ from, to }) => {
    const [start, end] = wayBetween(byName.get(from) as Box, byName.get(to) as Box);
    // Not in the middle, where that of the way back is.
    const label = { x: start.x + 0.4 * (end.x - start.x), y: start.y + 0.4 * (end.y - start.y) };
    return { path: pathThrough([start, end]), label };
  });
  const right = Math.max(...boxes.map(({ x, width }) => x + width / 2));
  const bottom = Math.max(...boxes.map(({ y, height }) => y + height / 2));
  return { boxes, ways, width: right + gridMargin.right, height: bottom + gridMargin.bottom };
}

function sizeOf({ name, child }: GraphState): { readonly width: number; readonly height: number } {
  const letters = Math.min(Math.max(name.length, child === null ? 0 : child.length + 6), maxNameLetters);
  return { width: Math.max(minStateWidth, Math.round(letters * stateLetter) + padding), height: stateHeight };
}

/** The verdicts that lead along a way, as far as there is room for them. */
export function labelText(labels: readonly string[]): string {
  return clip(labels.join(", "), maxLabelLetters);
}

/** With room for the count that comes behind it. */
export function labelWidth(labels: readonly string[], count = "×1000"): number {
  return Math.round(`${labelText(labels)} ${count}`.trim().length * labelLetter);
}

/** Out at the right side and in again. */
function selfLoop({ x, y, width, height }: PlacedState): string {
  const side = round(x + width / 2);
  const [out, back, reach] = [round(y + height / 4), round(y - height / 4), round(side + 30)];
  return `M${side},${out}C${reach},${round(out + 12)} ${reach},${round(back - 12)} ${side},${back}`;
}

/** A smooth line through the middle of each piece, as a path of SVG. */
export function pathThrough(points: readonly Point[]): string {
  const [first, ...rest] = points;
  if (first === undefined) return "";
  const at = ({ x, y }: Point) => `${round(x)},${round(y)}`;
  if (rest.length < 2) return `M${at(first)}${rest.map((point) => `L${at(point)}`).join("")}`;
  const middle = (a: Point, b: Point) => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });
  let path = `M${at(first)}`;
  for (const [index, point] of rest.slice(0, -1).entries()) {
    const next = rest[index + 1];
    if (next === undefined) break;
    const isLast = index === rest.length - 2;
    path += `Q${at(point)} ${at(isLast ? next : middle(point, next))}`;
  }
  return path;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
