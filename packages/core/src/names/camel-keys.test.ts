import { expect, it } from "vitest";
import { camelSection } from "./camel-keys.js";

it("a section gets the names of code, and its values stay what they are", () => {
  expect(camelSection({ max_bytes: 1, path: "a_b", headers: { some_key: 1 } })).toEqual({
    ...{ maxBytes: 1, path: "a_b", headers: { some_key: 1 } },
  });
});

it.each([[null], [undefined], ["a_b"], [3], [["max_bytes"]], [true]])(
  "what is no section stays what it is: %j",
  (given) => {
    expect(camelSection(given)).toBe(given);
  },
);
