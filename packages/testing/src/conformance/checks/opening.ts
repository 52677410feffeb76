import { isLoopsError } from "@loops/core";
import { droppedBy, heldBy } from "../../accounting.js";
import type { Check } from "../check.js";
import { describeDisorder, disorderAt, missingOf } from "../harness.js";
import { demand } from "../violation.js";

/** A transport is used from the moment it is made: whoever emits knows nothing of connections. */
export const openingChecks: readonly Check[] = [
  {
    id: "send-before-ready",
    title: "what is sent in the turn in which the transport was made arrives, and before what is sent later",
    needs: [],
    mend: "Queue from the first send on, and begin to write when the connection or the file is open.",
    atOnce: true,
    async run(harness) {
      const early = harness.emit(3);
      await harness.turns(1);
      const later = harness.emit(3);
      await harness.flush();
      const ids = [...early, ...later];
      const observed = await harness.observeEventually(ids);
      harness.requireArrived(early, observed, "3 events sent before any connection can be open arrive");
      harness.requireArrived(later, observed, "3 events sent a turn later arrive");
      const numbers = harness.firstArrivals(observed);
      const at = disorderAt(numbers);
      demand(at === -1, "the first events come first", () => describeDisorder(numbers, at), {
        mend: "Send what waited for the connection before anything new: one queue for both keeps the order.",
      });
    },
  },
  {
    id: "close-while-opening",
    title: "close in the turn in which the transport was made ends, and what was sent arrives or is counted",
    needs: [],
    mend: "Let close wait for the opening, or give it up and count what is queued as dropped (deadline).",
    atOnce: true,
    async run(harness) {
      const ids = harness.emit(3);
      const timeoutMs = harness.patienceMs / 2;
      const { error } = await harness.close(timeoutMs);
      const ended = !isLoopsError(error, "LOOPS_CLOSE_TIMEOUT");
      demand(ended, `close ends by itself, well within ${timeoutMs} ms`, () => `it did not: ${String(error)}`, {
        mend: "Do not wait in close for an event of the connection that comes no more once it is given up.",
      });
      const stats = harness.stats();
      demand(heldBy(stats) === 0, "a closed sink holds nothing", () => `${heldBy(stats)} events are still held`);
      const lost = missingOf(ids, await harness.observe(ids)).length - stats.spooled;
      const dropped = droppedBy(stats);
      demand(dropped >= lost, `the ${lost} events that did not arrive are counted as dropped`, `${dropped} are`);
    },
  },
];
