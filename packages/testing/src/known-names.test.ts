import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { closestName } from "./known-names.js";

const known = ["fail", "stall", "poison", "crash", "maxQueueItems", "log"];

describe("closestName", () => {
  it.each([
    ["fial", "fail"],
    ["Stall", "stall"],
    ["posion", "poison"],
    ["maxQueueItem", "maxQueueItems"],
    ["logs", "log"],
  ])("%s was meant to be %s", (name, meant) => expect(closestName(name, known)).toBe(meant));

  it.each(["", "x", "breaks", "undefined"])("%j is near to nothing", (name) => {
    expect(closestName(name, known)).toBeUndefined();
  });

  it("a name with one letter too many, too few or wrong is recognised", () => {
    const long = "observeLagMs";
    fc.assert(
      fc.property(fc.nat(long.length - 1), fc.constantFrom("", "x", "xx"), (at, by) => {
        expect(closestName(long.slice(0, at) + by + long.slice(at + 1), [...known, long])).toBe(long);
      }),
    );
  });
});
