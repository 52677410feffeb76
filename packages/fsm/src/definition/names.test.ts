import { resolve, sep } from "node:path";
import { isLoopsError } from "@loops/core";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkLoopName, stateNameProblem } from "./names.js";

function accepted(name: string): boolean {
  try {
    checkLoopName(name);
    return true;
  } catch (error) {
    if (!isLoopsError(error, "LOOPS_NAME")) throw error;
    return false;
  }
}

describe("checkLoopName", () => {
  it.each(["fix", "fix-types", "fix_2", "Fix types (all)", "修正", "a.b", "x".repeat(100)])("takes %j", (name) => {
    expect(accepted(name)).toBe(true);
  });

  it.each([
    "",
    ".",
    "..",
    "../evil",
    "a/b",
    "/etc",
    "a\\b",
    "a..b",
    ".hidden",
    "a\0b",
    "a\nb",
    "\x1b[31m",
    " a",
    "\ud800",
  ])("B-13: refuses %j", (name) => {
    expect(accepted(name)).toBe(false);
  });

  it("B-13: refuses names that are too long for a file name, in characters and in bytes", () => {
    expect(accepted("x".repeat(101))).toBe(false);
    expect(accepted("x".repeat(300))).toBe(false);
    expect(accepted("修".repeat(61))).toBe(false);
  });

  it("says what is wrong and what to do, without repeating a name of any length", () => {
    expect(() => checkLoopName("../../evil")).toThrow(
      '"../../evil" cannot be the name of a loop: it has a "/" or "\\" in it; use "-" instead',
    );
    expect(() => checkLoopName("x".repeat(5000))).toThrow(/^.{0,200}$/);
  });

  it("B-13: lets no name leave a directory, whatever it is", () => {
    const piece = fc.constantFrom("..", ".", "/", "\\", "\0", "a", "%2e", "~", " ");
    const names = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.array(piece).map((pieces) => pieces.join("")),
    );
    fc.assert(
      fc.property(names, (name) => {
        if (!accepted(name)) return;
        const path = resolve("/loops/.running", `${name}.state.json`);
        expect(path).toBe(`/loops/.running${sep}${name}.state.json`);
        expect(Buffer.byteLength(name)).toBeLessThanOrEqual(180);
      }),
    );
  });
});

describe("stateNameProblem", () => {
  it("refuses what routing could not tell from something else, and takes any other text", () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a name that looks like a template
    for (const name of ["", "$current", "a${x}", "a\nb"]) expect(stateNameProblem(name)).not.toBeNull();
    for (const name of ["check", "two words", "a/b", "1", "constructor"]) expect(stateNameProblem(name)).toBeNull();
  });
});
