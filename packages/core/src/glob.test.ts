import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isLoopsError } from "./errors.js";
import { compileFilter } from "./glob.js";

const yes = (glob: string, ...names: string[]) => {
  for (const name of names) expect([glob, name, compileFilter(glob)(name)]).toEqual([glob, name, true]);
};
const no = (glob: string, ...names: string[]) => {
  for (const name of names) expect([glob, name, compileFilter(glob)(name)]).toEqual([glob, name, false]);
};

describe("compileFilter", () => {
  it("K-5: no filter is every name, a list any of its globs, an empty list none", () => {
    expect(compileFilter(undefined)("anything")).toBe(true);
    expect(compileFilter(undefined)("")).toBe(true);
    const some = compileFilter(["loop_*", "issue.closed"]);
    expect(["loop_start", "issue.closed", "issue.opened"].map(some)).toEqual([true, true, false]);
    expect(compileFilter([])("loop_start")).toBe(false);
    expect(compileFilter([])("")).toBe(false);
  });

  it("K-5: the empty name is matched by what may be empty, and by nothing else", () => {
    yes("*", "");
    yes("", "");
    no("?", "");
    no("loop_*", "");
    no("", "x");
  });

  it("K-6: a glob stands for the whole name", () => {
    yes("state_enter", "state_enter");
    no("state_enter", "state_enter2", "a_state_enter", "state", "");
    no("state_*", "a_state_enter");
    no("*.closed", "issue.closed.again");
    no("?oop", "a_loop");
  });

  it("K-6: a star is any run of characters, dots and line ends included", () => {
    yes("*", "issue.closed", "a\nb");
    yes("issue.*", "issue.", "issue.closed", "issue.sub.closed");
    yes("*.closed", ".closed", "issue.sub.closed");
    yes("a*b*c", "abc", "aXbYc", "abbcc", "abcbc");
    yes("a**c", "ac", "abc");
    no("a*b*c", "acb", "ab", "abcd");
  });

  it("K-6: a question mark is one character, also one outside the basic plane", () => {
    yes("loop_?", "loop_1", "loop_.", "loop_\u{1F600}");
    no("loop_?", "loop_", "loop_12");
    yes("*?", "a", "\u{1F600}");
    no("??", "\u{1F600}");
  });

  it("K-6: brackets are one character of a set or range, or with ! outside it", () => {
    yes("[ab]x", "ax", "bx");
    no("[ab]x", "cx", "x", "abx");
    yes("run[0-9a-f]", "run7", "runc");
    no("run[0-9a-f]", "rung", "run-");
    yes("[!ab]x", "cx", "!x", "\u{1F600}x");
    no("[!ab]x", "ax", "x");
    yes("[\u{1F600}-\u{1F64F}]", "\u{1F610}");
  });

  it("K-6: in brackets a first ], a - at either end and the special characters stand for themselves", () => {
    yes("[]a]", "]", "a");
    yes("[!]a]", "b");
    no("[!]a]", "]", "a");
    yes("[-a]", "-", "a");
    yes("[a-]", "-", "a");
    yes("[*]", "*");
    no("[*]", "a", "");
    yes("[?]", "?");
    yes("[[]", "[");
    yes("[a!]", "a", "!");
    yes("[^a]", "^", "a");
    yes("[\\d]", "\\", "d");
    no("[z-a]", "z", "m", "a", "-");
    yes("[!z-a]", "m");
  });

  it("K-6: a bracket that nothing closes stands for itself", () => {
    yes("a[b", "a[b");
    yes("[", "[");
    yes("[]", "[]");
    yes("[!]", "[!]");
    yes("a[*", "a[", "a[bc");
    no("a[b", "ab", "a[");
  });

  it("K-6: case counts on every platform", () => {
    no("Loop_*", "loop_start");
    no("loop", "LOOP");
    no("[a-z]", "A");
  });

  it("characters that are special to regular expressions are not special here", () => {
    yes("a.b+c(d)|$", "a.b+c(d)|$");
    no("a.b*", "aXb");
    no("(a|b)*", "a");
  });

  it("decides like the plain recursive definition", () => {
    const text = (chars: string) => fc.array(fc.constantFrom(...chars), { maxLength: 8 }).map((all) => all.join(""));
    fc.assert(
      fc.property(text("ab*?[]!-.\u{1F600}"), text("ab].-!\u{1F600}"), (glob, name) => {
        expect(compileFilter(glob)(name)).toBe(oracle([...glob], [...name]));
        expect(compileFilter([glob, "b?"])(name)).toBe(oracle([...glob], [...name]) || oracle(["b", "?"], [...name]));
      }),
      { numRuns: 5000 },
    );
  });

  it("many stars take no more than glob times name, where backtracking would not end", () => {
    const name = "a".repeat(20_000);
    no(`${"*a".repeat(40)}*b`, name);
    yes(`${"*a".repeat(40)}*`, name);
  });

  it("keeps what it compiled when the list changes", () => {
    const globs = ["a"];
    const matches = compileFilter(globs);
    globs.push("b");
    expect(matches("b")).toBe(false);
  });

  it.each([[null], [5], [{}], [["a", 5]], [[["a"]]], [() => true]])("refuses %j as a filter", (filter) => {
    try {
      compileFilter(filter as unknown as string);
      expect.unreachable();
    } catch (error) {
      expect(isLoopsError(error, "LOOPS_FILTER")).toBe(true);
      expect((error as Error).message).toMatch(/^filter: must be globs like "loop_\*", not \w+$/);
    }
  });
});

function oracle(glob: readonly string[], name: readonly string[]): boolean {
  const [first, ...rest] = glob;
  const [char, ...others] = name;
  if (first === undefined) return char === undefined;
  if (first === "*") return oracle(rest, name) || (char !== undefined && oracle(glob, others));
  if (char === undefined) return false;
  if (first === "?") return oracle(rest, others);
  if (first === "[") {
    const not = rest[0] === "!";
    const members = not ? rest.slice(1) : rest;
    const end = members.indexOf("]", 1);
    if (end > 0) return isMember(members.slice(0, end), char) !== not && oracle(members.slice(end + 1), others);
  }
  return first === char && oracle(rest, others);
}

function isMember([low, dash, high, ...rest]: readonly string[], char: string): boolean {
  if (low === undefined) return false;
  if (dash === "-" && high !== undefined) return (low <= char && char <= high) || isMember(rest, char);
  return (
    low === char ||
    isMember(
      [dash, high, ...rest].filter((member) => member !== undefined),
      char,
    )
  );
}
