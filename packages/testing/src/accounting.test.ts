import type { TransportStats } from "@loops/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkAccounting } from "./accounting.js";

const idle: TransportStats = { received: 0, delivered: 0, dropped: {}, queued: 0, inFlight: 0, spooled: 0 };

const places = fc.record({
  delivered: fc.nat(1000),
  dropped: fc.dictionary(fc.constantFrom("overflow", "closed", "own-reason"), fc.nat(1000)),
  queued: fc.nat(1000),
  inFlight: fc.nat(1000),
  spooled: fc.nat(1000),
});

function totalOf({ delivered, dropped, queued, inFlight, spooled }: Omit<TransportStats, "received">): number {
  let total = delivered + queued + inFlight + spooled;
  for (const count of Object.values(dropped)) total += count;
  return total;
}

describe("checkAccounting", () => {
  it("accepts all accounts in which each event is in one place", () => {
    fc.assert(fc.property(places, (stats) => checkAccounting({ ...stats, received: totalOf(stats) })));
  });

  it("rejects all accounts in which an event is nowhere, or in two places", () => {
    const wrongBy = fc.integer({ min: -50, max: 50 }).filter((n) => n !== 0);
    fc.assert(
      fc.property(places, wrongBy, (stats, n) => {
        const received = Math.max(0, totalOf(stats) + n);
        fc.pre(received !== totalOf(stats));
        expect(() => checkAccounting({ ...stats, received })).toThrow(`received ${received}, but`);
      }),
    );
  });

  it("shows the sum", () => {
    const stats = { ...idle, received: 7, delivered: 3, dropped: { overflow: 2 }, queued: 1 };
    expect(() => checkAccounting(stats)).toThrow(
      "received 7, but delivered 3 + dropped 2 + queued 1 + in flight 0 + spooled 0 = 6",
    );
  });

  it.each([-1, 0.5, Number.NaN])("rejects %s as a count, even where the sum is right", (count) => {
    expect(() => checkAccounting({ ...idle, received: count, queued: count })).toThrow(
      `is ${count}, which is no count`,
    );
  });

  it("rejects a drop without a reason", () => {
    expect(() => checkAccounting({ ...idle, received: 1, dropped: { "": 1 } })).toThrow("a reason without a name");
  });
});
