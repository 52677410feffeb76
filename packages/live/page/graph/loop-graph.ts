import { waysOf } from "@loops/fsm/graph";
import { edgeKey, type LoopShape, type Run, type StateShape } from "../../src/model/run.js";

export interface GraphState {
  readonly name: string;
  readonly initial: boolean;
  readonly terminal: boolean;
  /** The loop that runs as its action. */
  readonly child: string | null;
  /** In one word: `shell`, `prompt`, `loop`, …; empty where nothing is known or run. */
  readonly kind: string;
}

export interface GraphEdge {
  readonly from: string;
  readonly to: string;
  /** The verdicts that lead along it. */
  readonly labels: readonly string[];
}

/** The ways of a loop. What it is drawn from; how often each was taken is with the run. */
export interface LoopGraph {
  readonly states: readonly GraphState[];
  readonly edges: readonly GraphEdge[];
  /** States that there are as well: too many to be drawn. */
  readonly leftOut: number;
}

/** More than anybody can see at once. */
const maxStates = 300;

/** From its definition, and what the run did beyond that: targets may be known only at run time. */
export function loopGraph(run: Pick<Run, "definition" | "edges" | "visits" | "current_state">): LoopGraph {
  const edges = new Map<string, GraphEdge>();
  const states = new Map<string, GraphState>();
  const { definition } = run;
  if (definition !== null) {
    for (const [name, state] of Object.entries(definition.states)) states.set(name, describe(definition, name, state));
    for (const [from, state] of Object.entries(definition.states)) {
      for (const [label, target] of waysOf(definition, state)) {
        const to = target === "$current" ? from : target;
        // A template, filled in when it is taken: the run's own edges then say where it led.
        if (to === undefined || !states.has(to)) continue;
        const key = edgeKey(from, to);
        const labels = edges.get(key)?.labels ?? [];
        edges.set(key, { from, to, labels: label === "" || labels.includes(label) ? labels : [...labels, label] });
      }
    }
  }
  const seen = [...Object.keys(run.visits), ...(run.current_state === null ? [] : [run.current_state])];
  for (const name of seen) if (!states.has(name)) states.set(name, unknownState(name));
  for (const key of Object.keys(run.edges)) {
    if (edges.has(key)) continue;
    const way = splitKey(key, states);
    if (way === null) continue;
    for (const name of way) if (!states.has(name)) states.set(name, unknownState(name));
    edges.set(key, { from: way[0], to: way[1], labels: [] });
  }
  return trimmed({ states: [...states.values()], edges: [...edges.values()], leftOut: 0 }, run);
}

/** Of very many states those where the run is and was, then the others as they are defined. */
function trimmed(graph: LoopGraph, { visits, current_state }: Pick<Run, "visits" | "current_state">): LoopGraph {
  if (graph.states.length <= maxStates) return graph;
  const weight = ({ name, initial }: GraphState) =>
    name === current_state || initial ? 2 : Object.hasOwn(visits, name) ? 1 : 0;
  const first = [...graph.states].sort((a, b) => weight(b) - weight(a)).slice(0, maxStates);
  const drawn = new Set(first.map(({ name }) => name));
  return {
    states: graph.states.filter(({ name }) => drawn.has(name)),
    edges: graph.edges.filter(({ from, to }) => drawn.has(from) && drawn.has(to)),
    leftOut: graph.states.length - drawn.size,
  };
}

function describe({ initial }: LoopShape, name: string, state: StateShape): GraphState {
  const child = typeof state.loop === "string" ? state.loop : null;
  return { name, initial: name === initial, terminal: state.terminal === true, child, kind: kindOf(state, child) };
}

function kindOf({ action, action_type }: StateShape, child: string | null): string {
  if (child !== null) return "loop";
  if (action_type !== undefined) return action_type;
  if (action === undefined) return "";
  return action.startsWith("/") ? "prompt" : "shell";
}

function unknownState(name: string): GraphState {
  return { name, initial: false, terminal: false, child: null, kind: "" };
}

/** A state may have `->` in its name: what is known decides, else the first one does. */
function splitKey(key: string, states: ReadonlyMap<string, unknown>): readonly [string, string] | null {
  let first: readonly [string, string] | null = null;
  for (let at = key.indexOf("->"); at >= 0; at = key.indexOf("->", at + 1)) {
    const way = [key.slice(0, at), key.slice(at + 2)] as const;
    if (states.has(way[0]) && states.has(way[1])) return way;
    first ??= way;
  }
  return first;
}
