import { expect, it } from "vitest";
import { Heartbeat } from "./heartbeat.js";

it("an owner that cannot renew its lease tries until a tenth of it is left, and is then told at once", async () => {
  const leaseMs = 1000;
  const askedMs = performance.now();
  const ends: number[] = [];
  const overMs = await new Promise<number>((resolve) => {
    const renew = async (timeoutMs: number) => {
      ends.push(performance.now() + timeoutMs - askedMs);
      throw new Error("no answer");
    };
    // Holds the process, which the heartbeat does not.
    const alive = setTimeout(() => {}, 30_000);
    const onOver = () => {
      clearTimeout(alive);
      resolve(performance.now() - askedMs);
    };
    new Heartbeat({ leaseMs, askedMs, renew, onOver });
  });
  expect(ends.length).toBeGreaterThan(1);
  // None was given more time than there is.
  for (const end of ends) expect(end).toBeLessThan(0.9 * leaseMs + 5);
  expect(overMs).toBeGreaterThan(leaseMs / 2);
});
