import { closestName } from "@loops/core/names";

/** ` Did you mean "fix"?` where one of `candidates` is close to `word`, and nothing otherwise. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const near = closestName(word, candidates);
  return near === undefined ? "" : ` Did you mean ${JSON.stringify(near)}?`;
}

/** `a, b, c`, quoted where needed and cut after twenty. */
export function listNames(names: readonly string[]): string {
  const shown = names.slice(0, 20).map((name) => (/^[^\s,"]+$/.test(name) ? name : JSON.stringify(name)));
  return names.length > 20 ? `${shown.join(", ")}, ... (${names.length} in all)` : shown.join(", ");
}
