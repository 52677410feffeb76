import * as fc from "fast-check";
import { expect, it } from "vitest";
import { firstCharacters, lastCharacters, strip } from "./text.js";

it("white space is Python's: separators and U+0085 are, a byte order mark is not", () => {
  expect(strip("\x1c\x85 \t\u2003a b\u3000\n")).toBe("a b");
  expect(strip("\ufeffa\ufeff")).toBe("\ufeffa\ufeff");
  expect(strip(" \n")).toBe("");
});

it("characters are counted whole, from the front and from the back", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "é", "😀"), maxLength: 20 });
  fc.assert(
    fc.property(text, fc.integer({ min: 1, max: 12 }), (value, count) => {
      const characters = [...value];
      // A text that is short enough is passed on as it is, whatever is in it.
      expect(firstCharacters(value, count)).toBe(characters.slice(0, count).join(""));
      expect(lastCharacters(value, count)).toBe(characters.slice(-count).join(""));
    }),
  );
});
