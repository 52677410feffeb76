import fc from "fast-check";
import { expect, it } from "vitest";
import { BatchQueue } from "./batch-queue.js";

type Step =
  | { do: "push"; size: number }
  | { do: "seal" }
  | { do: "shift" }
  | { do: "measure" }
  | { do: "dropOldest"; locked: number }
  | { do: "putBack" };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant("push" as const), size: fc.integer({ min: 1, max: 9 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("seal" as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("shift" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("measure" as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("dropOldest" as const), locked: fc.integer({ min: 0, max: 1 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("putBack" as const) }) },
);

interface Item {
  seq: number;
  size: number;
}

it("holds what a plain list holds: order, counts, bytes and the lowest unsettled number", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const queue = new BatchQueue<Item>({
        maxBatchItems: 3,
        maxBatchBytes: 12,
        sizeOf: (i) => i.size,
        measure: (i) => i.size * 2,
      });
      let oracle: Item[] = [];
      for (const action of steps) {
        if (action.do === "push") {
          const item = { seq: queue.next, size: action.size };
          queue.push(item, item.size);
          oracle.push(item);
        } else if (action.do === "seal") queue.seal();
        else if (action.do === "measure") queue.measureSealed();
        else if (action.do === "shift") {
          const gone = new Set(queue.shift()?.items);
          oracle = oracle.filter((item) => !gone.has(item));
        } else if (action.do === "dropOldest") {
          const skipped = queue.sealed.slice(0, action.locked).reduce((n, batch) => n + batch.items.length, 0);
          const locked = Math.min(action.locked, queue.sealed.length);
          const dropped = queue.dropOldest(locked);
          expect(dropped).toBe(oracle[skipped]);
          oracle = oracle.filter((item) => item !== dropped);
        } else {
          const batch = queue.shift();
          if (batch === undefined) continue;
          queue.unshift(batch.items.slice(1), batch.first);
          oracle = oracle.filter((item) => item !== batch.items[0]);
        }

        expect(queue.items).toBe(oracle.length);
        const lowest = oracle[0]?.seq ?? queue.next;
        // Never above the truth, or a flush would end early; equal to it where nothing was put back.
        expect(queue.firstUnsettled).toBeLessThanOrEqual(lowest);
        const exact = queue.sealed.flatMap((batch) => batch.items.map((item) => (batch.measured ? 2 : 1) * item.size));
        const sealedItems = exact.length;
        const open = oracle.slice(sealedItems).map((item) => item.size);
        expect(queue.bytes).toBe([...exact, ...open].reduce((a, b) => a + b, 0));
        expect(queue.sealed.flatMap((batch) => batch.items)).toEqual(oracle.slice(0, sealedItems));
        for (const batch of queue.sealed) {
          expect(batch.items.length).toBeGreaterThan(0);
          expect(batch.items.length).toBeLessThanOrEqual(3);
          const bytes = batch.items.reduce((sum, item) => sum + item.size, 0);
          expect(bytes <= 12 || batch.items.length === 1).toBe(true);
        }
      }
      while (queue.sealed.length > 0 || queue.seal()) queue.shift();
      expect(queue.items).toBe(0);
      expect(queue.bytes).toBe(0);
      expect(queue.firstUnsettled).toBe(queue.next);
    }),
  );
});
