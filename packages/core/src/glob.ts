import { LoopsError } from "./errors.js";

type Matcher = (text: string) => boolean;

/** What one place of a glob asks for: that character, one that passes, or with `*` any number of any. */
type Token = string | Matcher;

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
    throw new LoopsError("LOOPS_FILTER", `filter: must be globs like "loop_*", not ${typeof glob}`);
  }
  const prefix = glob.replace(/[*?[].*/s, "");
  if (glob === prefix) return (name) => name === glob;
  if (glob === `${prefix}*`) return (name) => name.startsWith(prefix);
  // A set has at least one member, so a "]" in the first place is one.
  const tokens = (glob.match(/\[(!.|[^!])[^\]]*\]|./gsu) ?? []).map(parseToken);
  return (name) => matchTokens(tokens, [...name]);
}

function parseToken(token: string): Token {
  if (token === "?") return () => true;
  if (token[0] !== "[" || token === "[") return token;
  const not = token[1] === "!";
  // A "-" at either end is a member itself.
  const ranges = [...token.slice(not ? 2 : 1, -1).matchAll(/(.)-(.)|./gsu)];
  return (char) => ranges.some(([one, low = one, high = one]) => low <= char && char <= high) !== not;
}

/** Where a star took too little, the last one takes a character more: an earlier one could gain nothing by that. */
function matchTokens(tokens: readonly Token[], name: readonly string[]): boolean {
  let next = 0;
  let afterStar = 0;
  let starEnd = 0;
  for (let at = 0; at < name.length; ) {
    const token = tokens[next];
    const char = name[at] as string;
    if (token === "*") {
      afterStar = ++next;
      starEnd = at;
    } else if (token === char || (typeof token === "function" && token(char))) {
      next++;
      at++;
    } else if (afterStar) {
      next = afterStar;
      at = ++starEnd;
    } else {
      return false;
    }
  }
  while (tokens[next] === "*") next++;
  return next === tokens.length;
}
