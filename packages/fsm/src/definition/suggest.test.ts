import { describe, expect, it } from "vitest";
import { didYouMean, listNames } from "./suggest.js";

describe("suggestions", () => {
  it("name what is near, and nothing else", () => {
    expect(didYouMean("fxi", ["fix"])).toBe(' Did you mean "fix"?');
    expect(didYouMean("zzz", ["fix"])).toBe("");
  });

  it("list names without end only as a number", () => {
    expect(listNames(["a", "b c"])).toBe('a, "b c"');
    expect(listNames(Array.from({ length: 25 }, (_, n) => `s${n}`))).toMatch(/s19, \.\.\. \(25 in all\)$/);
  });
});
