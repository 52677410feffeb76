import { type Run, shownStatus } from "./run.js";

/** A run in the list, child runs below their parents. */
export interface ListedRun {
  readonly run: Run;
  /** How many of its ancestors are listed above it. */
  readonly level: number;
}

/** Roots in the order of a person's interest: running first, then by their start, newest first; children as they began. */
export function runTree(runs: Iterable<Run>): readonly ListedRun[] {
  const all = [...runs];
  const ids = new Set(all.map(({ run_id }) => run_id));
  const children = new Map<string | null, Run[]>();
  for (const run of all) {
    const parent = run.parent_run_id !== null && ids.has(run.parent_run_id) ? run.parent_run_id : null;
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [run]);
    else siblings.push(run);
  }
  const byStart = (a: Run, b: Run) => compare(a.started_at ?? "", b.started_at ?? "") || compare(a.run_id, b.run_id);
  const listed = new Set<string>();
  const below = (parent: string, level: number): readonly ListedRun[] =>
    (children.get(parent) ?? []).sort(byStart).flatMap((run) => subtree(run, level));
  const subtree = (run: Run, level: number): readonly ListedRun[] => {
    // Runs that name each other as parents are nobody's children.
    if (listed.has(run.run_id)) return [];
    listed.add(run.run_id);
    return [{ run, level }, ...below(run.run_id, level + 1)];
  };
  const roots = (children.get(null) ?? []).sort((a, b) => Number(isRunning(b)) - Number(isRunning(a)) || byStart(b, a));
  return [...roots, ...all].flatMap((run) => subtree(run, 0));
}

export function isRunning(run: Run): boolean {
  return shownStatus(run) === "running";
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
