import { accountingFlaw } from "../../accounting.js";
import type { Check } from "../check.js";
import type { Harness } from "../harness.js";
import { demand } from "../violation.js";

/** Nothing is lost in silence. */
export const accountingChecks: readonly Check[] = [
  {
    id: "accounting",
    title: "at every look, received = delivered + dropped + queued + in flight + spooled",
    needs: [],
    mend: "Let each event be in one place at a time, and move it and its count in the same synchronous step.",
    async run(harness) {
      for (const condition of harness.conditions) {
        await harness.set(condition);
        for (let i = 0; i < 20; i++) {
          harness.emit(1);
          look(harness, `after emit, ${condition}`);
          if (i % 5 === 4) await harness.turns(1);
          look(harness, `a turn later, ${condition}`);
        }
        const flushed = harness.flush(50);
        look(harness, `while a flush begins, ${condition}`);
        await harness.turns(1);
        look(harness, `during a flush, ${condition}`);
        harness.emit(2);
        look(harness, `after emit during a flush, ${condition}`);
        await flushed;
        look(harness, `after a flush, ${condition}`);
      }
      await harness.set("healthy");
      look(harness, "after heal");
      await harness.flush();
      look(harness, "after a last flush");
      harness.emit(5);
      const closed = harness.close();
      look(harness, "while close begins");
      await closed;
      look(harness, "after close");
    },
  },
  {
    id: "delivered-is-true",
    title: "what is counted as delivered has arrived",
    needs: [],
    mend: "Count an event as delivered when the other side has taken it, not when it was queued or handed to a driver.",
    async run(harness) {
      for (const condition of harness.conditions) {
        await harness.set(condition);
        harness.emit(10);
        await harness.turns();
        const { delivered } = harness.stats();
        const ids = harness.emitted.slice(0, delivered).map((event) => event.id);
        const arrived = new Set((await harness.observe(ids)).map((event) => event.id)).size;
        const expected = `delivered is at most the ${arrived} events that have arrived (${condition})`;
        demand(delivered <= arrived, expected, `stats() say that ${delivered} are delivered`);
      }
    },
  },
];

function look(harness: Harness, when: string): void {
  const stats = harness.stats();
  const flaw = accountingFlaw(stats);
  demand(flaw === undefined, `the accounts add up (${when})`, () => flaw ?? "");
  const emitted = harness.emitted.length;
  demand(stats.received === emitted, `received is ${emitted} (${when})`, `received is ${stats.received}`, {
    mend: "Count each event once, as the first thing send does: also those that you drop or do not care for.",
  });
}
