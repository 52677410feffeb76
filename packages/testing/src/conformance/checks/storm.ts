import { accountingFlaw } from "../../accounting.js";
import type { Check } from "../check.js";
import type { Harness } from "../harness.js";
import { demand } from "../violation.js";

/** So much may be said of one failure that goes on, within the second or so that a check takes. */
const MOST_REPORTS = 20;

/** Trouble that goes on: it is told, but it does not become a flood of its own. */
export const stormChecks: readonly Check[] = [
  {
    id: "error-storm",
    title: "a target that fails hundreds of times is reported, and at a bounded rate",
    needs: ["fail"],
    mend: "Hand errors to context.report, which the bus gives to attach, or count and sum them up before an own onError.",
    async run(harness) {
      await harness.order("fail");
      const attempts = await hurry(harness, 200, () => harness.emit(2));
      const reports = harness.kit.reported.length;
      const seen = () => `it was called ${reports} times while ${attempts} times 2 events were sent and flushed`;
      demand(reports > 0, "onError is called when the target fails", seen, {
        mend: "Hand each error to context.report, or let send reject: a failure that nobody hears of is never mended.",
      });
      demand(reports <= MOST_REPORTS, `onError is called at most ${MOST_REPORTS} times`, seen);
    },
  },
  {
    id: "emits-on-own-bus",
    title: "events that are emitted because of events, or of errors, come to an end, and are accounted",
    needs: [],
    mend: "Emit nothing about the delivery of your own events, or at a bounded rate: each would cause the next.",
    async run(harness) {
      let expected = 0;
      const echo = (by: string) => (event: { readonly [field: string]: unknown }) => {
        if (event["event"] === "conformance" && event["by"] === undefined) harness.emit(1, { by });
      };
      harness.bus.on(echo("listener"));
      harness.bus.addTransport({ name: "echo", send: echo("sink"), close() {} });
      harness.kit.onReport = () => harness.emitOne({ event: "conformance.trouble" });
      for (const condition of harness.conditions.filter((condition) => condition !== "stall")) {
        await harness.set(condition);
        harness.emit(10);
        expected += 30;
        await hurry(harness, 50, () => {});
        const others = harness.emitted.length - expected;
        const few = `at most ${MOST_REPORTS} events come on top of ${expected} (${condition})`;
        const seen = () => `${others} do: the bus never comes to rest while the target fails`;
        demand(others <= MOST_REPORTS, few, seen, { simpler: ["error-storm"] });
      }
      await harness.set("healthy");
      await harness.flush();
      const stats = harness.stats();
      const { length } = harness.emitted;
      const mend = "Count in send before anything else, also what is sent while you are reporting an error.";
      const received = `received is ${length}`;
      demand(stats.received === length, received, `received is ${stats.received}`, { mend, simpler: ["accounting"] });
      const flaw = accountingFlaw(stats);
      demand(flaw === undefined, "the accounts add up", () => flaw ?? "", { mend, simpler: ["accounting"] });
    },
  },
];

/** Flushes again and again, so that a sink that pauses between attempts makes many; returns how often. */
async function hurry(harness: Harness, rounds: number, before: () => void): Promise<number> {
  const ends = performance.now() + harness.patienceMs / 4;
  let round = 0;
  for (; round < rounds && performance.now() < ends; round++) {
    before();
    await harness.flush(1);
  }
  return round;
}
