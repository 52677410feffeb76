import type { Check } from "../check.js";
import { disorderAt, type Harness } from "../harness.js";
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
      await harness.order("fail");
      const ids = harness.emit(10);
      // Long enough to meet the failure, too short to use up the retries.
      await harness.flush(30);
      await requireAllAfterHeal(harness, ids);
    },
  },
  {
    id: "stall-recovery",
    title: "what was held while the target stalled arrives once it answers again, in order",
    needs: ["stall"],
    mend: "Limit each attempt (writeTimeoutMs), abort it, and try again: an answer may never come.",
    async run(harness) {
      await harness.order("stall");
      const ids = harness.emit(10);
      await harness.flush(50);
      await requireAllAfterHeal(harness, ids);
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
      reopened.requireArrived(after, observed, "5 events sent after the restart are there, too", mend);
    },
  },
];

async function requireAllAfterHeal(harness: Harness, ids: readonly string[]): Promise<void> {
  await harness.heal();
  await harness.flush();
  const observed = await harness.observe(ids);
  harness.requireArrived(ids, observed, `all ${ids.length} events arrive after heal`);
  const numbers = harness.firstArrivals(observed);
  const inOrder = disorderAt(numbers) === -1;
  demand(inOrder, "their order is kept", () => `the order of arrival is ${numbers.join(", ")}`, {
    mend: "Put what failed back to the head of the queue, and write nothing newer before it.",
  });
}
