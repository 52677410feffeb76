import { droppedBy } from "../../accounting.js";
import type { Check } from "../check.js";
import { describeDisorder, disorderAt, type Harness, missingOf } from "../harness.js";
import type { ObservedEvent } from "../options.js";
import { demand } from "../violation.js";

export const recoveryChecks: readonly Check[] = [
  {
    id: "resume",
    title: "after a failure has passed, new events arrive",
    needs: ["fail"],
    mend: "Do not stop for good on an error that may pass: try again, or reconnect, with the next event.",
    async run(harness) {
      await harness.order("fail");
      harness.emit(3);
      await harness.flush(30);
      await harness.heal();
      const ids = harness.emit(3);
      await harness.flush();
      const observed = await harness.observe(ids);
      harness.requireArrived(ids, observed, "3 events emitted after the target works again arrive");
    },
  },
  {
    id: "recovery",
    title: "what was queued while the target failed arrives once it works again, in order",
    needs: ["queued", "fail"],
    mend: "Leave a batch at the head of the queue until its write has succeeded, and try again after a pause.",
    async run(harness) {
      const { count, fill } = backlogOf(harness);
      await harness.order("fail");
      const ids: string[] = [];
      // Twice, so that an attempt fails with more behind it, however large a batch may be. Long enough to meet the
      // failure, too short to use up the retries.
      for (let half = 0; half < 2; half++) {
        ids.push(...harness.emit(count / 2, { fill }));
        await harness.flush(30);
      }
      await requireAllAfterHeal(harness, ids);
    },
  },
  {
    id: "stall-recovery",
    title:
      "what was held while the target stalled arrives once it answers again, in order; without queued, or is counted",
    needs: ["stall"],
    mend: "Limit each attempt (writeTimeoutMs), abort it, and try again: an answer may never come.",
    async run(harness) {
      await harness.order("stall");
      const ids = harness.emit(10);
      await harness.flush(50);
      if (harness.capabilities.queued === true) await requireAllAfterHeal(harness, ids);
      else await requireCountedAfterHeal(harness, ids);
    },
  },
  {
    id: "durable",
    title: "what was flushed survives a kill",
    needs: ["durable", "crash"],
    mend: "Let flush resolve when the operating system or the server has the events, not when a buffer of the process has them.",
    async run(harness) {
      const before = harness.emit(20);
      await harness.flush();
      await harness.order("crash");
      const reopened = await harness.reopen();
      const after = reopened.emit(5);
      await reopened.flush();
      const observed = await reopened.observe([...before, ...after]);
      await reopened.close();
      harness.requireArrived(before, observed, "20 events flushed before the kill are there after it");
      const mend = "Look what a killed writer leaves behind, such as half a line or a lock, and mend it when you open.";
      reopened.requireArrived(after, observed, "5 events sent after the restart are there, too", { mend });
    },
  },
];

/** As many events as the queue surely holds, and as large: several batches, where batches are smaller than the queue. */
function backlogOf({ capabilities: { bounds = {} } }: Harness): { readonly count: number; readonly fill: string } {
  const { maxQueueItems = 100, maxQueueBytes = 0 } = bounds;
  const count = 2 * Math.floor(Math.min(0.9 * maxQueueItems, 1000) / 2);
  // Half of the bytes, and 256 of them for what an event has besides.
  const bytes = Math.min(maxQueueBytes / 2 / count - 256, 2000);
  return { count, fill: "x".repeat(Math.max(0, bytes)) };
}

/** An attempt that was given up, or failed by heal, has no second one where nothing is queued: it counts as dropped. */
async function requireCountedAfterHeal(harness: Harness, ids: readonly string[]): Promise<void> {
  await harness.heal();
  await harness.flush();
  const next = harness.emit(3);
  await harness.flush();
  const observed = await harness.observe([...ids, ...next]);
  harness.requireArrived(next, observed, "3 events sent after heal arrive");
  const missing = missingOf(ids, observed);
  const dropped = droppedBy(harness.stats());
  const expected = `of ${ids.length} events held during the stall, those that have not arrived are counted as dropped`;
  const seen = () => `${missing.length} are missing, ${harness.numbersOf(missing)}, and ${dropped} are counted`;
  demand(missing.length <= dropped, expected, seen);
  requireOrder(harness, observed);
}

async function requireAllAfterHeal(harness: Harness, ids: readonly string[]): Promise<void> {
  await harness.heal();
  await harness.flush();
  const observed = await harness.observe(ids);
  harness.requireArrived(ids, observed, `all ${ids.length} events arrive after heal`, { simpler: ["resume", "flush"] });
  requireOrder(harness, observed);
}

function requireOrder(harness: Harness, observed: readonly ObservedEvent[]): void {
  const numbers = harness.firstArrivals(observed);
  const at = disorderAt(numbers);
  demand(at === -1, "their order is kept", () => describeDisorder(numbers, at), {
    simpler: ["order"],
    mend: "Put what failed back to the head of the queue, and write nothing newer before it.",
  });
}
