import fc from "fast-check";
import { expect, it } from "vitest";
import { overlap } from "./scope.js";

it.each([
  [["/a"], ["/a"], true],
  [["/a"], ["/a/b"], true],
  [["/a/b/c"], ["/x", "/a"], true],
  [["/"], ["/a"], true],
  [["/a"], ["/ab"], false],
  [["/a/b"], ["/a/c"], false],
  [[], ["/a"], false],
])("B-33: %j and %j overlap: %s", (a, b, expected) => {
  expect(overlap(a, b)).toBe(expected);
  expect(overlap(b, a)).toBe(expected);
});

it("B-33: a path overlaps with itself and with all that lies in it", () => {
  const part = fc.stringMatching(/^[a-z]{1,3}$/);
  fc.assert(
    fc.property(fc.array(part, { minLength: 1 }), fc.array(part), (parts, more) => {
      const path = `/${parts.join("/")}`;
      return overlap([path], [[path, ...more].join("/")]);
    }),
  );
});
