import { LoopsError } from "@loops/core";

/** The one of `known` that was probably meant by `name`: at most two letters off, and not a wholly other word. Pure. */
export function closestName(name: string, known: readonly string[]): string | undefined {
  const near = known
    .map((candidate) => ({ candidate, distance: distanceOf(name.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ candidate, distance }) => distance <= 2 && distance < candidate.length - 1);
  return near.toSorted((a, b) => a.distance - b.distance)[0]?.candidate;
}

/**
 * @param what begins the message: '[sink] the capability'
 * @throws LoopsError `LOOPS_CONFIG` that names what was probably meant
 */
export function requireKnownName(what: string, name: unknown, known: readonly string[]): void {
  if (typeof name === "string" && known.includes(name)) return;
  const meant = closestName(String(name), known);
  const hint = meant === undefined ? "" : ` did you mean "${meant}"?`;
  throw new LoopsError("LOOPS_CONFIG", `${what} "${String(name)}" is unknown;${hint} known: ${known.join(", ")}`);
}

/** Letters to put in, take away or replace until one is the other. */
function distanceOf(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
