import { basename } from "node:path";
import { createReporter, type OnError, startDeadline, warnOnError } from "@loops/core";
import { checkKnownOptions } from "@loops/core/names";
import { followSockets } from "@loops/socket";
import type { LiveFeed } from "../live-feed.js";
import { checkFunction } from "../options.js";
import type { LiveSource } from "./source.js";

export interface SocketSourceOptions {
  /**
   * Waited for before a run's first event is taken from a socket, so that a store can tell what came before it.
   * `storeSource`'s `catchUp` is meant. @default nothing
   */
  readonly before?: (() => Promise<void>) | undefined;
  /** Told when a socket cannot be followed, at a bounded rate. @default a process warning */
  readonly onError?: OnError | undefined;
}

/** So many runs are remembered as begun; of a run that is forgotten, the store is asked once more. */
const maxRuns = 10_000;

/**
 * Fills a feed from every `*.sock` of a directory, those that come later too: what programs tell that keep their runs
 * elsewhere, and events of their own, which no store has.
 *
 * @throws LoopsError `LOOPS_CONFIG`
 */
export function socketSource(feed: LiveFeed, directory: string, options: SocketSourceOptions = {}): LiveSource {
  checkKnownOptions("live/sockets", options, ["before", "onError"]);
  const { before, onError = warnOnError } = options;
  if (before !== undefined) checkFunction("live/sockets", "before", before);
  checkFunction("live/sockets", "onError", onError);
  const report = createReporter("live/sockets", onError);
  const begun = new Set<string>();
  const items = followSockets({ directory });

  const reading = (async () => {
    for await (const item of items) {
      switch (item.type) {
        case "snapshot":
          for (const frame of item.runs) await begin(frame["run_id"], () => feed.see(frame));
          break;
        case "event":
          await begin(item.event["run_id"], () => feed.hear(item.event));
          break;
        case "gap":
          feed.miss(basename(item.source), item.missed);
      }
    }
  })().catch(report);

  /** What a store knows of the run comes first. */
  async function begin(runId: unknown, then: () => void): Promise<void> {
    if (before !== undefined && typeof runId === "string" && !begun.has(runId)) {
      if (begun.size >= maxRuns) begun.clear();
      begun.add(runId);
      await before();
    }
    then();
  }

  return {
    async close(deadline) {
      items.close();
      await startDeadline(deadline, 1000).wait(reading);
      report.end();
    },
  };
}
