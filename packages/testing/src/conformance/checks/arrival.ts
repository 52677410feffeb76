import type { Check } from "../check.js";
import { describeDisorder, disorderAt } from "../harness.js";
import { demand } from "../violation.js";

/** What arrives at the target of a healthy sink. */
export const arrivalChecks: readonly Check[] = [
  {
    id: "order",
    title: "events arrive in the order in which they were emitted",
    needs: [],
    mend: "Keep one write in flight at a time, and put a batch that failed back to the head of the queue, not to its end.",
    async run(harness) {
      const ids = harness.emit(40);
      await harness.turns(1);
      ids.push(...harness.emit(1));
      await harness.turns(1);
      ids.push(...harness.emit(40));
      await harness.flush();
      const observed = await harness.observe(ids);
      // First occurrences only: whether one arrives twice is another promise.
      const numbers = harness.firstArrivals(observed);
      const at = disorderAt(numbers);
      const expected = "0, 1, 2, and so on, in bursts and one by one";
      demand(at === -1, expected, () => describeDisorder(numbers, at));
    },
  },
  {
    id: "no-duplicates",
    title: "while nothing fails, each event arrives once, and none arrives that was not emitted",
    needs: [],
    mend: "Take a batch out of the queue when its write has succeeded, all of it, and before the next write begins.",
    async run(harness) {
      const ids = harness.emit(20);
      await harness.turns();
      ids.push(...harness.emit(20));
      await harness.flush();
      await harness.turns();
      await harness.flush();
      const observed = (await harness.observe(ids)).map((event) => event.id);
      const strangers = observed.filter((id) => !ids.includes(id));
      demand(
        strangers.length === 0,
        "only what was emitted",
        `ids that nobody emitted: ${strangers.slice(0, 5).join(", ")}`,
        { mend: "Write events only, with the id they came with; let observe() read no target of another subject." },
      );
      const repeated = ids.filter((id) => observed.indexOf(id) !== observed.lastIndexOf(id));
      const seen = () =>
        `${repeated.length} of ${ids.length} events arrived more than once, ${harness.numbersOf(repeated)}`;
      demand(repeated.length === 0, "each event at most once: nothing failed, so nothing had to be sent again", seen);
    },
  },
  {
    id: "idle",
    title: "events arrive by themselves, without a flush and without further events",
    needs: [],
    mend: "Start a timer (flushIntervalMs) with the first event of a batch, and write the batch when it ends.",
    async run(harness) {
      const ids = harness.emit(3);
      const observed = await harness.observeEventually(ids);
      harness.requireArrived(
        ids,
        observed,
        `3 events arrive within ${harness.patienceMs} ms although nothing else happens`,
      );
    },
  },
];
