import { droppedBy, heldBy } from "../../accounting.js";
import type { Check } from "../check.js";
import type { Harness } from "../harness.js";
import { demand } from "../violation.js";

/** What a sink may hold in memory while its target takes nothing. */
export const boundsChecks: readonly Check[] = [
  {
    id: "item-bound",
    title: "a sink that cannot deliver holds at most maxQueueItems events, and counts the others as dropped",
    needs: ["backlog", "item-bound"],
    mend: "Look at the number of events held before you take one more; above the bound, drop it and count it (overflow).",
    async run(harness) {
      const { maxQueueItems = 0 } = harness.capabilities.bounds ?? {};
      await harness.block();
      await pileUp(harness, maxQueueItems + 60, 0, maxQueueItems, `maxQueueItems, ${maxQueueItems}`);
    },
  },
  {
    id: "byte-bound",
    title: "a sink that cannot deliver holds at most maxQueueBytes, and counts the others as dropped",
    needs: ["backlog", "byte-bound"],
    mend: "Keep the sum of the bytes held beside the number of events; a few large events fill the memory as well as many small ones.",
    async run(harness) {
      const { maxQueueBytes = 0, maxQueueItems = 100 } = harness.capabilities.bounds ?? {};
      // So large that the bytes are full long before the items are.
      const eventBytes = Math.ceil((4 * maxQueueBytes) / maxQueueItems);
      const bound = Math.floor(maxQueueBytes / eventBytes);
      await harness.block();
      const named = `maxQueueBytes, ${maxQueueBytes}, are ${bound} events of ${eventBytes} bytes`;
      await pileUp(harness, 3 * bound, eventBytes, bound, named);
    },
  },
];

/** Emits more than `bound` events to a blocked sink. One more than the bound may be in the hands of the target. */
async function pileUp(harness: Harness, count: number, fillBytes: number, bound: number, named: string): Promise<void> {
  const fill = "x".repeat(fillBytes);
  for (let i = 0; i < count; i++) {
    harness.emit(1, { fill });
    if (i % 20 === 0) await harness.turns(1);
  }
  const stats = harness.stats();
  const held = heldBy(stats);
  demand(held <= bound + 1, `at most ${bound + 1} events are held (${named})`, `${held} of ${count} are held`);
  const arrived = (await harness.observe()).length;
  const atLeast = count - bound - 1 - arrived;
  const dropped = droppedBy(stats);
  demand(
    dropped >= atLeast,
    `at least ${atLeast} of ${count} events are counted as dropped, ${arrived} having arrived (${named})`,
    `${dropped} are counted as dropped: ${JSON.stringify(stats.dropped)}`,
    { mend: "Count every event that finds no room, when it finds none: dropped.overflow in stats()." },
  );
}
