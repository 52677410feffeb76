import { checkTree } from "./pattern/check-tree.js";
import { emit } from "./pattern/emit.js";
import { parsePattern } from "./pattern/parse.js";
import { NotAPattern, Untranslatable } from "./pattern/syntax.js";

/** What a pattern of a loop file is here. */
export type Pattern =
  | { readonly kind: "expression"; readonly expression: RegExp }
  /** No regular expression: searched as it is. */
  | { readonly kind: "text" }
  /** A regular expression in Python that cannot be had here; `reason` says which part of it. */
  | { readonly kind: "unsupported"; readonly reason: string };

/** All that the engine still minds of an expression that was made here. */
const tooLarge = "it is too large: write it shorter";

const maxKept = 200;
const kept = new Map<string, Pattern>();

/**
 * Compiles a regular expression as loops written for the original system have them, which is Python's syntax (`re`, of
 * version 3.11), and with Python's meaning: `(?i)` and `(?i:...)`, `(?x)`, `(?P<n>...)`, `\A`, `\Z`, `\d` and `\w` of
 * Unicode, a `$` that also matches before a last newline, a `.` that takes everything but a newline, atomic groups and
 * possessive repetition. What Python does not compile is plain text, even where JavaScript would compile it.
 *
 * Not supported: `(?(1)a|b)`, a reference to a group that may have taken no part, `\N{...}`, and case that matters in one
 * part and not in another for references and large ranges.
 *
 * The same pattern gives the same object; do not keep state in its `lastIndex`.
 */
export function readPattern(pattern: string): Pattern {
  const known = kept.get(pattern);
  if (known !== undefined) return known;
  const read = compile(pattern);
  // Loops have few patterns; a program that makes them up must not fill the memory.
  if (kept.size >= maxKept) kept.clear();
  kept.set(pattern, read);
  return read;
}

function compile(pattern: string): Pattern {
  try {
    const tree = parsePattern(pattern);
    checkTree(tree);
    const { source, ignoreCase } = emit(tree);
    const expression = new RegExp(source, ignoreCase ? "iv" : "v");
    return { kind: "expression", expression };
  } catch (error) {
    if (error instanceof NotAPattern) return { kind: "text" };
    if (error instanceof Untranslatable) return { kind: "unsupported", reason: error.message };
    if (error instanceof SyntaxError) return { kind: "unsupported", reason: tooLarge };
    throw error;
  }
}
