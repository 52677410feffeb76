import { expect, it } from "vitest";
import { clocks } from "../src/clocks.js";

it("each clock moves on while this process works, in milliseconds", () => {
  for (const now of Object.values(clocks)) {
    const begun = now();
    while (now() < begun + 3);
    expect(now() - begun).toBeGreaterThanOrEqual(3);
  }
});
