import type { LoopEvent } from "@loops/core";
import { followSocket } from "@loops/socket";
import type { Receiver } from "./receiver.js";

/** A client of the worker's socket, which stays with it over its death and its next life. */
export function startSocketReceiver(path: string): Receiver {
  const events: LoopEvent[] = [];
  // A place that no log knows is before all that it has: what was emitted before the first connection comes, too.
  const feed = followSocket({ path, since: "beginning", retry: { baseMs: 20, maxMs: 100 } });
  const reading = (async () => {
    for await (const item of feed) if (item.type === "event") events.push(item.event);
  })();
  return {
    sink: "socket",
    ids: async (runId) => events.filter((event) => event["run_id"] === runId).map(({ id }) => id),
    async close() {
      feed.close();
      await reading;
    },
  };
}
