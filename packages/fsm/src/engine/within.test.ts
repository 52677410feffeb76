import { expect, it } from "vitest";
import { within } from "./within.js";

const laterThanTimers = () =>
  new Promise<string>((resolve) => {
    // Timers come first in a turn of the event loop: one of a millisecond has fired by the third.
    const begun = performance.now();
    const turn = () => (performance.now() - begun > 20 ? setImmediate(resolve, "done") : setImmediate(turn));
    turn();
  });

it.each([Number.POSITIVE_INFINITY, 2 ** 31, 1e12])(
  "waits for %d ms, which no timer can be set for",
  async (timeoutMs) => {
    expect(await within(laterThanTimers(), timeoutMs, "late")).toBe("done");
  },
);

it("gives the fallback once the time is over", async () => {
  expect(await within(new Promise<string>(() => undefined), 1, "late")).toBe("late");
});
