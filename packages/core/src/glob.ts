import { LoopsError } from "./errors.js";

type Matcher = (text: string) => boolean;

/**
 * Compiles a filter on event names, once, into a test.
 *
 * A glob stands for the whole name, and case counts on every platform: `*` is any run of characters, dots included,
 * `?` one character, `[ab]` and `[a-z]` one of a set, `[!ab]` one outside it. A `[` that nothing closes means itself.
 * There is no escape character; `[*]` is a star. The time of a test is bounded by the length of the name times that of
 * the glob.
 *
 * @param filter a glob, or a list of which any may match, so that an empty one matches nothing. @default all names
 * @throws LoopsError `LOOPS_FILTER` when it is anything else
 */
export function compileFilter(filter: string | readonly string[] | undefined): Matcher {
  if (filter === undefined) return () => true;
  if (!Array.isArray(filter)) return compileGlob(filter);
  const matchers = filter.map(compileGlob);
  return (name) => matchers.some((matches) => matches(name));
}

function compileGlob(glob: unknown): Matcher {
  if (typeof glob !== "string") {
    throw new LoopsError(
      "LOOPS_FILTER",
      `filter: expected a glob like "loop_*" or a list of globs, got ${typeof glob}`,
    );
  }
  const start = glob.replace(/[*?[].*/s, "");
  if (start === glob) return (name) => name === glob;
  if (`${start}*` === glob) return (name) => name.startsWith(start);
  // A set has at least one member, so a "]" in the first place is one.
  const [head, ...chunks] = glob.replace(/\[(!|(?!!))(.[^\]]*)\]|./gsu, toPattern).split("*");
  const tail = chunks.pop();
  // What follows a star is looked for once: a lookahead does not try again what it found. An earlier star could gain
  // nothing by taking more.
  const middle = chunks.map((chunk, i) => `(?=(.*?${chunk}))\\${i + 1}`);
  const pattern = new RegExp(`^${head}${middle.join("")}${tail === undefined ? "" : `.*${tail}`}$`, "su");
  return (name) => pattern.test(name);
}

/** One place of a glob as a pattern in which all but a star is escaped. */
function toPattern(token: string, not: string | undefined, members: string | undefined): string {
  if (members === undefined) return token === "*" ? token : token === "?" ? "." : literal(token);
  // A "-" at either end is a member itself.
  const ranges = members.replace(/(.)-(.)|./gsu, (one, from = one, to = one) =>
    literal(from) > literal(to) ? "" : `${literal(from)}-${literal(to)}`,
  );
  return `[${not && "^"}${ranges}]`;
}

/** Of six digits, so that these texts have the order of their characters. */
const literal = (char: string): string => `\\u{${char.codePointAt(0)?.toString(16).padStart(6, "0")}}`;
