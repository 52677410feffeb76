import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { afterFailure, beforeHandling, certainlyOurs, idleForPause, readCount } from "./decide.js";

const bounds = fc.record({
  maxDeliveries: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constant(Number.POSITIVE_INFINITY)),
  claimIdleMs: fc.integer({ min: 1, max: 100_000 }),
  retry: fc.record({ baseMs: fc.integer({ min: 0, max: 10_000 }), maxMs: fc.integer({ min: 0, max: 100_000 }) }),
});
const random = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });

describe("what becomes of an entry", () => {
  it("it is handled as often as maxDeliveries says and then put aside, whether handlers fail or consumers die", () => {
    fc.assert(
      fc.property(bounds, fc.array(fc.boolean(), { minLength: 60, maxLength: 60 }), random, (options, dies, at) => {
        let handled = 0;
        for (let deliveries = 1; deliveries <= 51; deliveries++) {
          if (beforeHandling(deliveries, false, options.maxDeliveries).do === "bury") break;
          handled++;
          // A consumer that dies tells nobody: the entry is simply delivered once more.
          if (dies[deliveries]) continue;
          if (afterFailure(deliveries, options, () => at).do === "bury") break;
        }
        expect(handled).toBe(Math.min(options.maxDeliveries, 51));
      }),
    );
  });

  it("what holds no event is put aside at its first delivery, whatever may be", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1 }), fc.integer({ min: 1 }), (deliveries, maxDeliveries) => {
        expect(beforeHandling(deliveries, true, maxDeliveries)).toEqual({ do: "bury", reason: "malformed" });
      }),
    );
  });

  it("a pause is within its bounds, at least half of them, and can be told to Redis as idle time", () => {
    fc.assert(
      fc.property(bounds, fc.integer({ min: 1, max: 100 }), random, (options, deliveries, at) => {
        const next = afterFailure(deliveries, { ...options, maxDeliveries: Number.POSITIVE_INFINITY }, () => at);
        if (next.do !== "retry") throw new Error("there is no last delivery");
        const bound = Math.min(options.retry.baseMs * 2 ** (deliveries - 1), options.retry.maxMs, options.claimIdleMs);
        expect(next.pauseMs).toBeGreaterThanOrEqual(Math.floor(bound / 2));
        expect(next.pauseMs).toBeLessThanOrEqual(Math.ceil(bound));
        const idle = idleForPause(next.pauseMs, options.claimIdleMs);
        // Idle for that long now, it can be claimed when the pause is over.
        expect(idle + next.pauseMs).toBe(Math.max(options.claimIdleMs, next.pauseMs));
      }),
    );
  });

  it("an entry is only ever begun while nobody can have claimed it", () => {
    const time = fc.integer({ min: 0, max: 1_000_000 });
    fc.assert(
      fc.property(time, time, time, fc.integer({ min: 1, max: 100_000 }), (sent, later, more, claimIdleMs) => {
        // Redis sees the entry as ours some time after the command was sent, and others may claim it this much later.
        const claimable = sent + later + claimIdleMs;
        const now = claimable + more;
        expect(certainlyOurs(sent, now, claimIdleMs)).toBe(false);
        expect(certainlyOurs(sent, sent + claimIdleMs - 1, claimIdleMs)).toBe(true);
      }),
    );
  });
});

describe("how much is read", () => {
  const settings = fc.record({
    concurrency: fc.integer({ min: 1, max: 50 }),
    count: fc.integer({ min: 1, max: 500 }),
    maxDeliveries: fc.integer({ min: 1, max: 5 }),
  });

  it("is never more than the bound, and a consumer with nothing in hand always reads", () => {
    fc.assert(
      fc.property(settings, fc.nat(600), fc.nat(60), fc.nat(3000), (given, queued, running, unanswered) => {
        const count = readCount({ held: queued + running + unanswered, queued, running }, given, 1);
        expect(count).toBeLessThanOrEqual(given.count);
        const ahead = given.maxDeliveries === 1 ? 0 : given.count;
        if (count > 0) expect(queued + running + count).toBeLessThanOrEqual(given.concurrency + ahead);
        expect(readCount({ held: 0, queued: 0, running: 0 }, given, 1)).toBeGreaterThan(0);
      }),
    );
  });

  it("is at least one from each stream, so that no partition is left out", () => {
    fc.assert(
      fc.property(settings, fc.integer({ min: 1, max: 1024 }), (given, streams) => {
        expect(readCount({ held: 0, queued: 0, running: 0 }, given, streams)).toBeGreaterThanOrEqual(1);
      }),
    );
  });
});
