import type { Deadline } from "@loops/core";
import { droppedBy, heldBy } from "../../accounting.js";
import type { Check } from "../check.js";
import type { Harness } from "../harness.js";
import { demand } from "../violation.js";

export const flushChecks: readonly Check[] = [
  {
    id: "flush",
    title: "after flush, all that was emitted before has arrived, in flight included",
    needs: [],
    mend: "Let flush wait until the last event sent before it is settled: not for one write, and not for the queue alone.",
    async run(harness) {
      const ids = harness.emit(40);
      await harness.turns(1);
      ids.push(...harness.emit(20));
      const report = await harness.flush();
      const observed = await harness.observe(ids);
      demand(report.ok, "flush of a healthy sink succeeds", () => `it failed: ${String(report.error)}`);
      harness.requireArrived(ids, observed, "60 events have arrived at the moment flush resolves");
    },
  },
  {
    id: "flush-idle",
    title: "a flush of a sink that has nothing to do ends, and what is sent after it arrives",
    needs: [],
    mend: "Let flush return where nothing is held, and leave no state behind that a later send or flush waits for.",
    async run(harness) {
      const idle = async (when: string) => {
        const report = await harness.flush();
        demand(report.ok, `a flush ${when} succeeds`, () => `it failed: ${String(report.error)}`);
      };
      await idle("before anything was sent");
      const first = harness.emit(1);
      const observed = await harness.observeEventually(first);
      harness.requireArrived(first, observed, "an event sent after a flush of the new sink arrives by itself", {
        simpler: ["idle"],
      });
      await idle("after all has arrived");
      await idle("right after another one");
      const next = harness.emit(1);
      await idle("of one event");
      const all = await harness.observe(next);
      harness.requireArrived(
        next,
        all,
        "an event sent after two flushes with nothing to do has arrived when flush ends",
      );
    },
  },
  {
    id: "flush-concurrent",
    title: "several flushes at once each wait for what was emitted before them",
    needs: [],
    mend: "Give each flush its own target (the last event sent before it); a flush under way does not make a second one superfluous.",
    async run(harness) {
      const emitted: string[] = [];
      const begin = (count: number) => {
        emitted.push(...harness.emit(count));
        const before = [...emitted];
        return async () => {
          const report = await harness.flush();
          return { before, report, observed: await harness.observe(before) };
        };
      };
      const flushes = await Promise.all([begin(3)(), begin(3)(), begin(3)(), begin(0)()]);
      for (const [index, { before, report, observed }] of flushes.entries()) {
        const which = `flush ${index + 1} of ${flushes.length}`;
        demand(report.ok, `${which} succeeds`, () => `it failed: ${String(report.error)}`);
        harness.requireArrived(
          before,
          observed,
          `${which} resolves when the ${before.length} events before it have arrived`,
        );
      }
    },
  },
  {
    id: "flush-while-sending",
    title: "a flush ends although events keep coming, and what comes meanwhile arrives, too",
    needs: [],
    mend: "Let flush wait for the last event that was sent before it, not until nothing is queued: that may never be.",
    async run(harness) {
      const before = harness.emit(3);
      const during: string[] = [];
      const maxHeld = 60;
      let arrived = 0;
      let ended = false;
      const flushed = harness.flush().finally(() => {
        ended = true;
      });
      const most = harness.patienceMs / 2;
      const gaveUpAt = performance.now() + most;
      while (!ended && performance.now() < gaveUpAt) {
        // Never nothing to do, not even behind a batch that is being written, and never more than any queue can hold. What
        // it says of that itself may be wrong, so that what has arrived is looked at as well, where it matters.
        if (during.length - arrived >= maxHeld) arrived = (await harness.observe()).length;
        const held = Math.max(heldBy(harness.stats()), during.length - arrived);
        if (held < maxHeld) during.push(...harness.emit(1));
        await harness.turns(1);
      }
      const meanwhile = () => `it still waits after ${most} ms and ${during.length} events that came after its call`;
      demand(ended, `flush ends within ${most} ms: it promised only the 3 events before it`, meanwhile);
      const { ok, error } = await flushed;
      demand(ok, "flush of a healthy sink succeeds", () => `it failed: ${String(error)}`);
      harness.requireArrived(before, await harness.observe(before), "the 3 events before the flush have arrived");
      during.push(...harness.emit(1));
      await harness.flush();
      const observed = await harness.observeEventually(during);
      const expected = `${during.length} events that came during the flush arrive`;
      const mend = "Take from the queue exactly what was written; what was added meanwhile stays in it.";
      harness.requireArrived(during, observed, expected, { mend });
    },
  },
  {
    id: "flush-deadline",
    title: "flush of a sink that cannot deliver ends by its deadline or signal, says so, and loses nothing",
    needs: ["backlog"],
    mend: "Race the wait against deadline.timeoutMs and deadline.signal; reject when they win, and leave the queue as it is.",
    async run(harness) {
      await harness.block();
      harness.emit(5);
      await harness.turns(1);
      await requireRejection(harness, { timeoutMs: 50 }, "flush({ timeoutMs: 50 })");
      const controller = new AbortController();
      const abort = setTimeout(() => controller.abort(), 20);
      await requireRejection(harness, { signal: controller.signal }, "flush({ signal }), aborted after 20 ms,");
      clearTimeout(abort);
      const report = await harness.flush(50);
      const expected = "the bus's report of the flush is not ok";
      demand(!report.ok, expected, "it is ok, although the target takes nothing", honesty);
      // A failing target may use up the retries meanwhile, and an attempt without a queue has only one; else there is
      // no reason to drop.
      const { faults, queued } = harness.capabilities;
      const stalled = queued === true && faults?.includes("stall") === true;
      const dropped = droppedBy(harness.stats());
      demand(!stalled || dropped === 0, "the 5 events stay queued", () => `${dropped} were dropped by the flush`, {
        mend: "Give up the wait at the deadline of a flush, not the events: only close has to come to an end with them.",
      });
    },
  },
];

const honesty = { mend: "Reject when flush ends before the events are delivered: resolving says that they are." };

/** Asks the transport itself: the bus keeps the deadline for those that do not. */
async function requireRejection(harness: Harness, deadline: Deadline, call: string): Promise<void> {
  const { transport } = harness.subject;
  if (transport.flush === undefined) return;
  const outcome = await harness.outcome(() => transport.flush?.(deadline));
  const expected = `${call} of the transport rejects`;
  demand(outcome.state !== "pending", expected, `it was still waiting after ${harness.patienceMs} ms`);
  demand(outcome.state === "rejected", expected, "it resolved, although the target takes nothing", honesty);
}
