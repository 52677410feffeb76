import { memoryLogTransport } from "@loops/memory-log";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { until } from "./live-clients.js";
import { LiveTransport } from "./live-transport.js";

const long = process.env["LOOPS_LONG"] === "1";
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** What happens, in any order: events come in bursts, the client comes and goes, time passes. */
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("emit" as const), count: fc.integer({ min: 1, max: 60 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("join" as const, "leave" as const, "vanish" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("wait" as const) }) },
);

/**
 * A client that comes back with the last cursor it has read. Every event ends in exactly one of two places: seen, in
 * order and once, or in the number of a gap.
 */
it.each([
  ["a log that keeps everything", 100_000],
  ["a log that evicts", 40],
])(
  "S-13: with %s, a client that comes and goes sees each event once or is told how many are gone",
  async (_what, maxEntries) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 3, maxLength: 30 }),
        fc.constantFrom("lines" as const, "messages" as const),
        fc.constantFrom(undefined, "tick*"),
        async (steps, face, filter) => {
          const log = memoryLogTransport({ maxEntries });
          const live = new LiveTransport({ log, websocket: true, maxClients: 100 });
          live.bus.addTransport(log);
          await live.transport.ready();
          let cursor = log.query({ limit: 0 }).newest;
          let emitted = 0;
          /** Places from 0 that were seen, and how many were said to be missing. */
          let place = 0;
          const missing: number[] = [];
          let client: Awaited<ReturnType<typeof live.lines>> | Awaited<ReturnType<typeof live.messages>> | undefined;
          let read = 0;

          const readOn = () => {
            for (; client !== undefined && read < client.all.length; read++) {
              const frame = client.all[read] as Record<string, unknown>;
              if (frame["event"] === "socket.gap") {
                missing.push(Number(frame["missed"]));
                place += Number(frame["missed"]);
                cursor = String(frame["cursor"]);
              } else if (typeof frame["event"] === "object") {
                expect((frame["event"] as { n: number }).n).toBe(place);
                place++;
                cursor = String(frame["cursor"]);
              }
            }
          };
          const join = async () => {
            if (client !== undefined) return;
            read = 0;
            if (face === "lines") client = (await live.lines()).request({ since: cursor, ...(filter && { filter }) });
            else client = await live.messages(`?since=${cursor}${filter ? `&event=${filter}` : ""}`);
          };
          const leave = (how: "leave" | "vanish") => {
            // What has come by now is read; what is still on its way is not, and has to come again.
            readOn();
            if (client === undefined) return;
            if ("terminate" in client.socket) client.socket[how === "leave" ? "close" : "terminate"]();
            else client.socket.destroy();
            client = undefined;
          };

          for (const { do: what, ...rest } of steps) {
            if (what === "emit")
              for (let n = 0; n < (rest as { count: number }).count; n++)
                live.bus.emit({ event: "tick", n: emitted++ });
            else if (what === "join") await join();
            else if (what === "wait") await new Promise((resolve) => setTimeout(resolve, 2));
            else leave(what);
            if (emitted % 3 === 0) await turn();
          }
          leave("leave");
          await join();
          await until(() => {
            readOn();
            return place >= emitted;
          }, `all ${emitted} were accounted for; ${place} are`);
          expect(place).toBe(emitted);
          if (maxEntries > emitted) expect(missing).toEqual([]);
          await live.transport.close();
        },
      ),
      { numRuns: long ? 500 : 25 },
    );
  },
);

it("S-13: a client that stalls in the middle of a replay misses exactly what the log evicts meanwhile", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 800 }), fc.integer({ min: 0, max: 800 }), async (before, during) => {
      const log = memoryLogTransport({ maxEntries: 200 });
      const live = new LiveTransport({ log });
      live.bus.addTransport(log);
      await live.transport.ready();
      const since = log.query({ limit: 0 }).newest;
      live.emit(before, { text: "x".repeat(3000) });
      const client = (await live.lines()).request({ since });
      client.socket.pause();
      for (let n = 0; n < during; n++) {
        live.bus.emit({ event: "tick", n, text: "x".repeat(3000) });
        if (n % 10 === 0) await turn();
      }
      client.socket.resume();
      // What came before hello was not an answer.
      const entries = () => client.all.filter(({ event }) => typeof event === "object").length;
      const missed = () => client.of("socket.gap").reduce((sum, gap) => sum + Number(gap["missed"]), 0);
      const accounted = () => entries() + missed();
      await until(() => accounted() >= before + during, "all were accounted for");
      expect(accounted()).toBe(before + during);
      await live.transport.close();
    }),
    { numRuns: long ? 200 : 12 },
  );
});
