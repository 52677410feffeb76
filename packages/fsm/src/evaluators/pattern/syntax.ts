/** What holds for a part of a pattern: set in front of it, or for a group (`(?i:...)`). */
export interface Flags {
  /** Case does not matter. */
  readonly i: boolean;
  /** `^` and `$` at every line. */
  readonly m: boolean;
  /** `.` takes a newline too. */
  readonly s: boolean;
  /** White space and comments in the pattern mean nothing. */
  readonly x: boolean;
  /** `\w`, `\d`, `\s`, `\b` know ASCII only. */
  readonly a: boolean;
}

export type Category = "d" | "D" | "w" | "W" | "s" | "S";

/** One member of a set: a range of code points, or a category. */
export type SetItem = readonly [from: number, to: number] | Category;

/** A regular expression of Python, as a tree. */
export type Node =
  | { readonly kind: "literal"; readonly code: number; readonly flags: Flags }
  | { readonly kind: "set"; readonly negated: boolean; readonly items: readonly SetItem[]; readonly flags: Flags }
  | { readonly kind: "any"; readonly flags: Flags }
  | { readonly kind: "anchor"; readonly at: "^" | "$" | "A" | "Z" | "b" | "B"; readonly flags: Flags }
  | { readonly kind: "group"; readonly index: number | null; readonly body: Node }
  | { readonly kind: "atomic"; readonly body: Node }
  | { readonly kind: "look"; readonly behind: boolean; readonly negative: boolean; readonly body: Node }
  | { readonly kind: "reference"; readonly index: number; readonly flags: Flags }
  | {
      readonly kind: "repeat";
      readonly min: number;
      readonly max: number;
      readonly mode: "greedy" | "lazy" | "possessive";
      readonly body: Node;
    }
  | { readonly kind: "sequence"; readonly nodes: readonly Node[] }
  | { readonly kind: "choice"; readonly branches: readonly Node[] };

/** The text is no regular expression of Python. */
export class NotAPattern extends Error {}

/** It is one, and there is no such thing in JavaScript. */
export class Untranslatable extends Error {}
