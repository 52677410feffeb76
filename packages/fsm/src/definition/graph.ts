import { closestName } from "@loops/core/names";
import { isPlainObject, own, type PlainObject } from "./plain-data.js";
import type { Finding, Severity } from "./problem.js";
import { listNames } from "./suggest.js";
import { CURRENT_STATE, isDynamicTarget, isNoVerdict, targetFields, targetTables } from "./targets.js";

/** Odd, but it runs: loop files of the original system may have it. */
const UNREACHABLE: Severity = "warning";
const TRAPPED: Severity = "warning";
/** The original system refuses it too. */
const NO_END: Severity = "error";

/** Where one field of a state leads. */
interface Edge {
  readonly path: readonly string[];
  readonly target: unknown;
}

/** The states that a state can lead to; `"any"` where that is not known, so that nothing is concluded from it. */
type Successors = ReadonlySet<string> | "any";

/**
 * Checks where a loop's states lead: each target is a state, each state can be reached, and from each a terminal state
 * can be reached. With `maintain` a terminal state leads on. Interpolated targets may lead anywhere. A wrong target counts as the state it is most like, or as
 * leading anywhere, so that one mistake is not reported a second time as all that follows from it.
 */
export function checkGraph(initial: unknown, states: PlainObject, maintain = false): Finding[] {
  const names = knownNames(Object.keys(states));
  if (names.all.length === 0) return [];
  const edges = new Map(names.all.map((name) => [name, edgesOf(name, own(states, name))]));
  const start: Edge = { path: ["initial"], target: initial };
  const findings = [start, ...[...edges.values()].flat()].flatMap((edge) => checkTarget(edge, names, edge !== start));

  const next = (name: string, out: readonly Edge[]) => {
    const state = own(states, name);
    const ways = isTerminal(state)
      ? restarts(state, start, maintain)
      : out.filter((edge) => edge.path.at(-1) !== "on_maintain");
    return successors(name, ways, names);
  };
  const graph = new Map([...edges].map(([name, out]) => [name, next(name, out)]));
  const reached = reachable(leadsTo(start.target, "", names), graph);
  for (const name of names.all) {
    if (reached === "any" || reached.has(name)) continue;
    const message = `unreachable: no route from ${quote(initial)}, where the loop begins, leads here. Route a state to it, or remove it.`;
    findings.push({ path: ["states", name], at: "key", severity: UNREACHABLE, message });
  }
  const ends = names.all.filter((name) => isTerminal(own(states, name)));
  findings.push(...checkWayOut(names.all, ends, graph, reached));
  return findings;
}

/** The names of all states, and which of them a wrong one was meant to be. */
interface Names {
  readonly all: readonly string[];
  readonly has: (name: string) => boolean;
  readonly meant: (wrong: string) => string | undefined;
}

/** So many names are compared to find what wrong ones were meant to be: enough for all but the most broken files. */
const MAX_COMPARISONS = 100_000;

function knownNames(all: readonly string[]): Names {
  const names = new Set(all);
  const found = new Map<string, string | undefined>();
  return {
    all,
    has: (name) => names.has(name),
    meant(wrong) {
      let near = found.get(wrong);
      if (!found.has(wrong)) {
        near = (found.size + 1) * all.length > MAX_COMPARISONS ? undefined : closestName(wrong, all);
        found.set(wrong, near);
      }
      return near;
    },
  };
}

function checkTarget({ path, target }: Edge, names: Names, mayStay: boolean): Finding[] {
  if (typeof target !== "string" || names.has(target)) return [];
  if (mayStay && (target === CURRENT_STATE || isDynamicTarget(target))) return [];
  const near = names.meant(target);
  const hint = near === undefined ? "" : ` Did you mean ${quote(near)}?`;
  const message = `unknown state ${quote(target)}. Known states: ${listNames(names.all)}.${hint}`;
  return [{ path, severity: "error", message }];
}

function checkWayOut(
  names: readonly string[],
  ends: readonly string[],
  graph: ReadonlyMap<string, Successors>,
  reached: Successors,
): Finding[] {
  if (ends.length === 0) {
    const message =
      'no way out: no state is marked as the end. Add "terminal: true" to the state in which the loop is done.';
    return [{ path: ["states"], at: "key", severity: NO_END, message }];
  }
  const leaving = canReach(new Set(ends), graph);
  const trapped = names.filter((name) => (reached === "any" || reached.has(name)) && !leaving.has(name));
  const [first] = trapped;
  if (first === undefined) return [];
  const where = trapped.length === 1 ? quote(first) : `any of ${listNames(trapped)}`;
  const message = `no way out: once in ${where}, the loop can never reach a terminal state (${listNames(ends)}). Route one of them there.`;
  return [{ path: ["states", first], at: "key", severity: TRAPPED, message }];
}

function edgesOf(name: string, state: unknown): Edge[] {
  if (!isPlainObject(state)) return [];
  const edges: Edge[] = targetFields
    .filter((field) => Object.hasOwn(state, field))
    .map((field) => ({ path: ["states", name, field], target: state[field] }));
  const tables = targetTables.flatMap((field) => {
    const table = own(state, field);
    const entries = isPlainObject(table) ? Object.entries(table) : [];
    const taken = entries.filter(([key]) => field !== "route" || !isNoVerdict(key));
    return taken.map(([key, target]) => ({ path: ["states", name, field, key], target }));
  });
  return [...edges, ...tables];
}

/** Where a terminal state leads. */
function restarts(state: unknown, start: Edge, maintain: boolean): Edge[] | null {
  if (!maintain) return null;
  const target = isPlainObject(state) ? own(state, "on_maintain") : undefined;
  return [target === undefined ? start : { path: [], target }];
}

function successors(name: string, edges: readonly Edge[] | null, names: Names): Successors {
  if (edges === null) return new Set();
  // Not a mapping, or nothing says where it leads: reported as that.
  if (edges.length === 0) return "any";
  const all = new Set<string>();
  for (const { target } of edges) {
    const next = leadsTo(target, name, names);
    if (next === "any") return "any";
    for (const state of next) all.add(state);
  }
  return all;
}

function leadsTo(target: unknown, current: string, names: Names): Successors {
  if (target === CURRENT_STATE && current !== "") return new Set([current]);
  if (typeof target !== "string") return "any";
  if (names.has(target)) return new Set([target]);
  const meant = isDynamicTarget(target) ? undefined : names.meant(target);
  return meant === undefined ? "any" : new Set([meant]);
}

function reachable(from: Successors, graph: ReadonlyMap<string, Successors>): Successors {
  if (from === "any") return "any";
  const reached = new Set(from);
  for (const name of reached) {
    const next = graph.get(name) ?? new Set();
    if (next === "any") return "any";
    for (const state of next) reached.add(state);
  }
  return reached;
}

/** The states from which one of `ends` can be reached, `ends` included. */
function canReach(ends: ReadonlySet<string>, graph: ReadonlyMap<string, Successors>): ReadonlySet<string> {
  const before = new Map<string, string[]>();
  const found = new Set(ends);
  for (const [name, next] of graph) {
    if (next === "any") found.add(name);
    else for (const state of next) before.set(state, before.get(state)?.concat(name) ?? [name]);
  }
  for (const name of found) for (const state of before.get(name) ?? []) found.add(state);
  return found;
}

function isTerminal(state: unknown): boolean {
  return isPlainObject(state) && own(state, "terminal") === true;
}

function quote(name: unknown): string {
  return JSON.stringify(name);
}
