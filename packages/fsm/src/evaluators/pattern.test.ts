import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readPattern } from "./pattern.js";

function found(pattern: string, text: string): boolean | undefined {
  const read = readPattern(pattern);
  return read.kind === "expression" ? read.expression.test(text) : undefined;
}

describe("B-42: patterns are those of Python", () => {
  // Each of them was tried in Python 3.11.
  it.each([
    ["(?i)error", "ERROR", true],
    ["(?im)^error$", "a\nERROR\nb", true],
    ["(?i)(?m)^error$", "a\nERROR\nb", true],
    ["(?#note)(?i)e", "E", true],
    ["(?s)a.b", "a\nb", true],
    ["a.b", "a\nb", false],
    ["a.b", "a\rb", true],
    ["a.b", "a\u2028b", true],
    ["(?P<d>\\d)-(?P=d)", "7-7", true],
    ["(?P<d>\\d)-(?P=d)", "7-8", false],
    ["(a)(b)\\2", "abb", true],
    ["\\Aok\\Z", "ok", true],
    ["\\Aok", "not ok", false],
    ["(?m)\\Ab", "a\nb", false],
    ["(?m)^b$", "a\r\nb", true],
    ["(?m)^a$", "a\r\nb", false],
    ["(?i:ab)c", "ABc", true],
    ["(?i:ab)c", "ABC", false],
    ["(?i)a(?-i:b)", "Ab", true],
    ["(?i)a(?-i:b)", "AB", false],
    ["(?i:[a-cé])x", "Éx", true],
    ["(?i:[a-cé])x", "BX", false],
    ["(?i:[^a])x", "Ax", false],
    ["(?s:.)a.", "\na\n", false],
    ["(?m:^)a", "b\na", true],
    ["(?x) a b # c\n c", "abc", true],
    ["(?x)a\\ b[ ]c", "a b c", true],
    ["a(?x: b )c", "abc", true],
    ["^\\d+$", "٣²", false],
    ["^\\d+$", "٣", true],
    ["(?a)\\d", "٣", false],
    ["^\\w+$", "añ_²字", true],
    ["(?a)^\\w+$", "ñ", false],
    ["[\\W]", "é", false],
    ["[^\\W\\d]", "5", false],
    ["\\bé\\b", "a é b", true],
    ["\\be", "ée", false],
    ["\\B", "", false],
    ["a\\sb", "a\u001cb", true],
    ["a\\sb", "a\ufeffb", false],
    ["^a{,2}$", "aa", true],
    ["^a{,2}$", "aaa", false],
    ["a{,}b", "aab", true],
    ["x{a}", "x{a}", true],
    ["{}", "{}", true],
    ["\\07", "\u0007", true],
    ["\\101\\x42\\u0043\\U00000044", "ABCD", true],
    ["[\\1\\b]", "\b", true],
    ["\\a", "\u0007", true],
    ["(?>a+)ab", "aaab", false],
    ["(?>a|ab)c", "abc", false],
    ["a++b", "aab", true],
    ["a*+a", "aaa", false],
    ["(a)(?>b)\\1", "aba", true],
    ["(?<=ab)c", "abc", true],
    ["(?<!a|b)c", "bc", false],
    ["(?<=(?:a|b))c", "bc", true],
    ["^.$", "😀", true],
    ["a\\-b\\_c\\/", "a-b_c/", true],
  ])("%j in %j: %s", (pattern, text, expected) => {
    expect(found(pattern, text)).toBe(expected);
  });

  it("lets $ match before a last newline, as Python does, and not before another", () => {
    expect(found("PASS$", "PASS\n")).toBe(true);
    expect(found("PASS$", "PASS")).toBe(true);
    expect(found("PASS$", "PASS\n\n")).toBe(false);
    expect(found("PASS$", "PASS\nFAIL\n")).toBe(false);
    expect(found("PASS\\Z", "PASS\n")).toBe(false);
    expect(found("\\$5|[$]6", "$6")).toBe(true);
  });

  it("reads a ] that is first in a class as itself, and nothing special inside a class", () => {
    expect(found("^[]x]+$", "]x]")).toBe(true);
    expect(found("^[^]x]+$", "ab")).toBe(true);
    expect(found("^[^]x]+$", "a]")).toBe(false);
    expect(found("[(?P<]", "P")).toBe(true);
    expect(found("[\\]$]", "$")).toBe(true);
    expect(found("^[a-]+$", "a-")).toBe(true);
    expect(found("^[[&&~~]+$", "[&~")).toBe(true);
  });

  it.each([
    ...["(", ")", "[", "[^]", "*", "a**", "a+{2}", "^*", "\\b+", "a{2,1}", "\\", "a(?i)b", "(?i", "(?z)a", "(?i-i:a)"],
    ...["(?-a:b)", "(?<n>a)", "(?P<1>a)", "(?P<n>a)(?P<n>b)", "(?P=n)", "(?Pn)", "\\1", "(a\\1)", "(a)\\2", "\\8"],
    ...["\\q", "\\_\\p{L}", "[\\A]", "[\\8]", "[z-a]", "[\\d-z]", "\\x4", "\\u12", "\\777", "(?<=a+)b", "(?<!a|bc)d"],
    ...["(?<=(a)\\1)b", "(?#c", "(?(9)a|b)", "(a)(?(1)a|b|c)"],
  ])("what Python does not compile is plain text: %j", (pattern) => {
    expect(readPattern(pattern)).toEqual({ kind: "text" });
  });

  it.each([
    ["(a)?(?(1)b|c)", "asks whether a group took part"],
    ["(?P<n>a)?(?(n)b)", "asks whether a group took part"],
    ["(a)?b\\1", "may have taken no part"],
    ["(?:(a)|b)\\1", "may have taken no part"],
    ["(?!(a))b\\1", "may have taken no part"],
    ["\\N{DASH}", "names a character"],
    ["(?i:(a)\\1)b", "write both cases out"],
    ["(?i:[\\u0100-\\uffff])b", "write both cases out"],
    ["(".repeat(10_000) + ")".repeat(10_000), "nested"],
  ])("what cannot be had here is said to be: %.20s", (pattern, reason) => {
    expect(readPattern(pattern)).toEqual({ kind: "unsupported", reason: expect.stringContaining(reason) });
  });

  it("a group that has surely matched can be referred to", () => {
    expect(found("(?:(a)|(a))b|(c)+\\3", "cc")).toBe(true);
    expect(found("(?=(a))\\1b", "ab")).toBe(true);
    expect(found("(['\"])x\\1", "'x'")).toBe(true);
    expect(found("(['\"])x\\1", "'x\"")).toBe(false);
  });
});

describe("readPattern", () => {
  it("never throws, whatever the pattern", () => {
    const pieces = fc.constantFrom(...["(?", "(?i:", "(?P<", "{,", "\\1", "[^", ..."()[]{}?P<>=\\^$|*+.,-AZi0a# \n"]);
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
        const read = readPattern(parts.join(""));
        if (read.kind === "expression") read.expression.test("aA0 \n");
      }),
      { numRuns: 2000 },
    );
  });

  it("takes text without special characters as it is, with any that are escaped", () => {
    const text = fc.string({ unit: "binary" });
    fc.assert(
      fc.property(text, text, text, (before, part, after) => {
        const escaped = part.replace(/[^\p{L}\p{N}]/gu, "\\$&");
        expect(found(escaped, before + part + after)).toBe(true);
      }),
    );
    fc.assert(
      fc.property(fc.stringMatching(/^[\w ]*$/), fc.stringMatching(/^[\w ]*$/), (pattern, whole) => {
        expect(found(pattern, whole)).toBe(whole.includes(pattern));
      }),
    );
  });

  it("agrees with JavaScript on what both read in the same way", () => {
    const atom = fc.constantFrom("a", "b", "[ab]", "[^a]", "(?:ab)", "(?:a|b)", "(?:(?=a)b?)");
    const look = fc.constantFrom("|", "(?=a)", "(?!b)", "(?<=a)", "(?<!ab)");
    const part = fc.tuple(atom, fc.constantFrom("", "*", "+?", "?", "{1,2}")).map(([item, times]) => item + times);
    const expression = fc.array(fc.oneof(part, part, look), { maxLength: 6 }).map((parts) => parts.join(""));
    fc.assert(
      fc.property(expression, fc.stringMatching(/^[abc]{0,8}$/), (pattern, text) => {
        expect(found(pattern, text)).toBe(new RegExp(pattern).test(text));
      }),
      { numRuns: 1000 },
    );
  });

  it("compiles a pattern once, and keeps no more than some hundreds", () => {
    expect(readPattern("a+b")).toBe(readPattern("a+b"));
    const first = readPattern("first");
    for (let n = 0; n < 1000; n += 1) readPattern(`p${n}`);
    expect(readPattern("first")).not.toBe(first);
  });
});
