import { normalize } from "node:path";
import { type Expansion, isOff, type Reading, readPart, report, textOf } from "./expansion.js";
import { fieldsOf, merge, type Part, without } from "./parts.js";

/** Longer than any chain of parents that somebody could keep in mind. */
const MAX_PARENTS = 20;

/**
 * `from: parent`: the parent, itself put together from its own, with the loop on top of it. `null` where that cannot be,
 * which is then reported. A name is looked for next to the file that says it.
 */
export function* inherit(
  expansion: Expansion,
  loop: Part,
  chain: readonly string[] = [loop.source.file],
): Reading<Part | null> {
  const from = fieldsOf(loop)?.get("from");
  if (from === undefined || isOff(from)) return without(loop, "from");
  const name = textOf(from);
  if (name === null || name === "") {
    return report(expansion, from, '"from" names the loop that this one builds on: expected text.');
  }
  const parent = yield* readPart(expansion, from, { name, beside: [from.source.file] });
  if (parent === null) return null;
  const { file } = parent.source;
  const shown = [...chain, file];
  if (chain.some((earlier) => normalize(earlier) === normalize(file))) {
    return report(expansion, from, `a loop cannot build on itself: ${shown.join(" -> ")}. Break the circle.`);
  }
  if (chain.length > MAX_PARENTS) {
    return report(expansion, from, `more than ${MAX_PARENTS} loops build on each other: ${shown.join(" -> ")}.`);
  }
  if (fieldsOf(parent) === null) {
    return report(expansion, from, `${file} is no loop to build on: a loop is a mapping.`);
  }
  const whole = yield* inherit(expansion, parent, shown);
  return whole === null ? null : merge(whole, without(loop, "from"), expansion.budget);
}
