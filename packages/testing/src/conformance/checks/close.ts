import { encodeEvent, newEventId } from "@loops/core";
import { droppedBy, heldBy } from "../../accounting.js";
import { describeOutcome, type Outcome } from "../../wait.js";
import type { Check } from "../check.js";
import type { Harness } from "../harness.js";
import { demand } from "../violation.js";

export const closeChecks: readonly Check[] = [
  {
    id: "close",
    title: "close delivers what is queued before it returns",
    needs: [],
    mend: "Drain the queue in close, within its deadline, and only then release the connection or the file.",
    async run(harness) {
      const ids = harness.emit(20);
      const report = await harness.close();
      const observed = await harness.observe(ids);
      harness.requireArrived(ids, observed, "20 events emitted right before close have arrived when it resolves");
      demand(report.ok, "close of a healthy sink succeeds", () => `it failed: ${String(report.error)}`, {
        mend: "Reject close only when something was lost or could not be released; then say what.",
      });
      const dropped = droppedBy(report);
      demand(
        dropped === 0,
        "nothing is dropped",
        () => `${dropped} are counted as dropped: ${JSON.stringify(report.dropped)}`,
      );
    },
  },
  {
    id: "close-idempotent",
    title: "close may be called again and again",
    needs: [],
    mend: "Keep the promise of the first close and return it from every further call.",
    async run(harness) {
      harness.emit(5);
      await harness.flush();
      for (const call of ["first", "second", "third"]) {
        const outcome = await closeItself(harness);
        demand(outcome.state === "resolved", `the ${call} call of close resolves`, () => describeOutcome(outcome));
      }
    },
  },
  {
    id: "close-concurrent",
    title: "of several closes at once each waits until nothing is held any more",
    needs: [],
    mend: "Keep the promise of the first close and return it from every further call, also while it is under way.",
    async run(harness) {
      const ids = harness.emit(5);
      await harness.turns(1);
      const close = async () => {
        const outcome = await closeItself(harness);
        // Without accounts of its own it holds nothing by itself; the queue of the bus is not asked here.
        const own = harness.subject.transport.stats?.();
        return { outcome, held: own === undefined ? 0 : heldBy(own) };
      };
      const closes = await Promise.all([close(), close(), close()]);
      for (const [index, { outcome, held }] of closes.entries()) {
        const expected = `call ${index + 1} of 3 at once resolves when nothing is held`;
        demand(outcome.state === "resolved", expected, () => describeOutcome(outcome));
        demand(held === 0, expected, `it resolved while ${held} of ${ids.length} events were held`);
      }
    },
  },
  {
    id: "close-deadline",
    title: "close of a sink that cannot deliver ends by its deadline, and what is left is counted as dropped",
    needs: ["backlog"],
    mend: "Race the drain against deadline.timeoutMs; when it wins, abort the write, and count what is left (deadline).",
    async run(harness) {
      const { transport } = harness.subject;
      await harness.block();
      const ids = harness.emit(5);
      await harness.turns(1);
      const outcome = await harness.outcome(() => transport.close({ timeoutMs: 50 }));
      const ending = "close({ timeoutMs: 50 }) of the transport ends by itself";
      demand(outcome.state !== "pending", ending, `it was still waiting after ${harness.patienceMs} ms`);
      await harness.close(50);
      const stats = harness.stats();
      const counting = { mend: "When the deadline wins, move what is left from queued to dropped (deadline)." };
      const held = heldBy(stats);
      demand(held === 0, "a closed sink holds nothing", `${held} events are still held`, counting);
      const arrived = new Set((await harness.observe()).map((event) => event.id));
      const lost = ids.filter((id) => !arrived.has(id)).length - stats.spooled;
      const dropped = droppedBy(stats);
      const expected = `the ${lost} events that did not arrive are counted as dropped`;
      demand(dropped >= lost, expected, `${dropped} are`, counting);
    },
  },
  {
    id: "send-after-close",
    title: "an event sent after close does not arrive, and is counted as dropped for the reason closed",
    needs: [],
    mend: "Look first in send whether the transport is closed; then count the event (received, and dropped as closed) and return.",
    async run(harness) {
      const before = harness.emit(3);
      await harness.close();
      const arrived = (await harness.observe(before)).length;
      harness.emit(2);
      await sendDirectly(harness);
      await harness.turns();
      const now = (await harness.observe()).length;
      demand(now === arrived, `${arrived} events have arrived, and no more do`, `${now} have arrived`);
      const refused = harness.bus.stats().dropped["closed"];
      demand(refused === 2, "the bus counts the 2 events it was given after close", `it counts ${refused}`, {
        mend: "Do not put the transport on another bus, and do not wrap the bus that the kit made.",
      });
    },
  },
];

/** Not through the bus, which calls it only once. */
function closeItself(harness: Harness): Promise<Outcome<void>> {
  const { subject, patienceMs } = harness;
  return harness.outcome(() => subject.transport.close({ timeoutMs: patienceMs }));
}

/** A transport with accounts of its own is asked itself: not everybody who holds it is a bus. */
async function sendDirectly(harness: Harness): Promise<void> {
  const { transport } = harness.subject;
  if (transport.stats === undefined) return;
  const before = transport.stats();
  const event = { event: "conformance", ts: new Date().toISOString(), id: newEventId(), late: true };
  const sent = await harness.outcome(() => transport.send(event, encodeEvent(event)));
  demand(sent.state === "resolved", "send after close does nothing but count", () => describeOutcome(sent));
  const after = transport.stats();
  const closed = (after.dropped["closed"] ?? 0) - (before.dropped["closed"] ?? 0);
  const received = after.received - before.received;
  const expected = "stats().received and stats().dropped.closed rise by 1 each";
  demand(closed === 1 && received === 1, expected, `received rises by ${received}, dropped.closed by ${closed}`);
}
