import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compilePattern } from "./pattern.js";

const found = (pattern: string, text: string) => compilePattern(pattern)?.test(text);

describe("compilePattern", () => {
  it.each([
    ["(?i)error", "ERROR", true],
    ["(?im)^error$", "a\nERROR\nb", true],
    ["(?s)a.b", "a\nb", true],
    ["a.b", "a\nb", false],
    ["(?P<d>\\d)-(?P=d)", "7-7", true],
    ["(?P<d>\\d)-(?P=d)", "7-8", false],
    ["\\Aok\\Z", "ok", true],
    ["\\Aok", "not ok", false],
    ["(?m)\\Ab", "a\nb", false],
  ])("reads Python's %s", (pattern, text, expected) => {
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
  });

  it("matches whole characters, and still takes escapes that are not needed", () => {
    expect(found("^.$", "😀")).toBe(true);
    expect(found("a\\-b\\_c", "a-b_c")).toBe(true);
  });

  it.each(["(", "[", "*", "a(?i)b", "(?x)a", "a{2,1}", "\\", "[^]"])("has no regular expression for %j", (pattern) => {
    expect(compilePattern(pattern)).toBeNull();
  });

  it("never throws, and takes text without special characters as it is", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."()[]{}?P<=>\\^$|*+.,-AZi0a".split("")) }), (pattern) => {
        compilePattern(pattern);
      }),
    );
    fc.assert(
      fc.property(fc.stringMatching(/^[\w ]*$/), fc.stringMatching(/^[\w ]*$/), (pattern, text) => {
        expect(found(pattern, text)).toBe(text.includes(pattern));
      }),
    );
  });
});
