import { expandFlow } from "./expand-flow.js";
import { expandFragments } from "./expand-fragments.js";
import { inherit } from "./expand-from.js";
import { type Expansion, newExpansion, type Reading, rootPart } from "./expansion.js";
import { expandedLoopFields, expandedStateFields } from "./later-fields.js";
import type { LoopSource } from "./loop-source.js";
import { type Part, TooMuchToMerge } from "./parts.js";
import { isPlainObject, own } from "./plain-data.js";
import type { LoopProblem } from "./problem.js";

export interface Expanded {
  /** The loop as if it had been written in one piece; `null` where that cannot be. */
  readonly loop: Part | null;
  readonly problems: readonly LoopProblem[];
  /** Every file that it was put together from, but for the first. */
  readonly sources: readonly LoopSource[];
}

/**
 * Puts a loop together from what its file names and abbreviates: `from`, then `flow` and `state_defs`, then `import`,
 * `fragments` and `fragment`. Pure: it asks for each file that it needs, and whoever drives it reads that or throws.
 * Bounded in files, text, depth and fields. Never throws.
 */
export function* expandLoop(source: LoopSource): Reading<Expanded> {
  const { data: value, written } = source.yaml;
  const asItIs: Part = { value, written, source, path: [] };
  if (!isAbbreviated(value)) return { loop: asItIs, problems: [], sources: [] };
  const expansion = newExpansion(source);
  let loop: Part | null = null;
  try {
    loop = yield* expandAll(expansion);
  } catch (error) {
    if (!(error instanceof TooMuchToMerge)) throw error;
    const message = "this loop becomes too large when its fragments are filled in; make it smaller";
    expansion.problems.push({ path: "", line: 1, column: 1, severity: "error", message });
  }
  const sources = [...expansion.read.values()].flatMap((part) => (part === null ? [] : [part.source]));
  return { loop, problems: expansion.problems, sources };
}

function* expandAll(expansion: Expansion): Reading<Part | null> {
  const written = rootPart(expansion, expansion.root);
  const whole = written && (yield* inherit(expansion, written));
  const flowing = whole && expandFlow(expansion, whole);
  return flowing && (yield* expandFragments(expansion, flowing));
}

/** Most loops are not: they are left as they are. */
function isAbbreviated(data: unknown): boolean {
  if (!isPlainObject(data)) return false;
  const states = own(data, "states");
  const all = isPlainObject(states) ? Object.values(states) : [];
  return (
    expandedLoopFields.some((field) => Object.hasOwn(data, field)) ||
    all.some((state) => isPlainObject(state) && expandedStateFields.some((field) => Object.hasOwn(state, field)))
  );
}
