import { inspect } from "node:util";
import type { LoopEvent } from "@loops/core";
import type { Check } from "../check.js";
import { watchForEscapes } from "../escapes.js";
import { demand, Violation } from "../violation.js";

/** What trouble in one sink does to everybody else: nothing. */
export const isolationChecks: readonly Check[] = [
  {
    id: "isolation",
    title: "trouble in the sink reaches neither the caller of emit nor another sink",
    needs: [],
    mend: "Never wait or retry inside send: keep the event in a bounded queue (batchTransport does) and return.",
    async run(harness) {
      const others: LoopEvent[] = [];
      harness.bus.addTransport({ name: "witness", send: (event) => void others.push(event), close() {} });
      for (const condition of harness.conditions) {
        await harness.set(condition);
        const first = others.length;
        const started = performance.now();
        let ids: readonly string[];
        try {
          ids = harness.emit(20);
        } catch (error) {
          throw new Violation(`emit never throws (${condition})`, inspect(error), { cause: error });
        }
        const tookMs = Math.round(performance.now() - started);
        const inTime = tookMs < harness.patienceMs;
        demand(inTime, `20 emits return at once (${condition})`, `the caller was held up for ${tookMs} ms`);
        const got = others.slice(first).map((event) => event.id);
        const same = got.length === ids.length && got.every((id, index) => id === ids[index]);
        const seen = () => `it had ${got.length}, ${harness.numbersOf(got)}`;
        demand(same, `a second sink on the bus has all 20 events, in order, when emit returns (${condition})`, seen);
        await harness.turns();
        await harness.set("healthy");
      }
    },
  },
  {
    id: "no-escaped-errors",
    title: "no error escapes as an unhandled rejection or an uncaught exception",
    needs: ["fault"],
    mend: "Give every promise that you do not return a catch, and every emitter an error listener; report(error) tells the bus.",
    async run(harness) {
      const watch = watchForEscapes();
      try {
        for (const condition of harness.conditions) {
          await harness.set(condition);
          harness.emit(5);
          await harness.flush(50);
        }
        await harness.close(50);
        await harness.set("healthy");
        // Rejections are told at the end of a turn, and what hung may end now.
        await harness.turns(5);
      } finally {
        watch.end();
      }
      const seen = () =>
        watch.escaped
          .slice(0, 3)
          .map((error) => inspect(error, { depth: 1 }))
          .join("; ");
      demand(watch.escaped.length === 0, "errors of the sink end in report or onError", seen);
    },
  },
];
