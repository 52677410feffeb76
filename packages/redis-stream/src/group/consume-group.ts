import type { Deadline } from "@loops/core";
import { ConsumerLife } from "./consumer-life.js";
import type { GroupStats } from "./group-stats.js";
import { type ConsumeGroupOptions, resolveGroupOptions } from "./options.js";
import type { GroupLag } from "./standing.js";

/** A consumer at work. */
export interface GroupConsumer extends AsyncDisposable {
  /** Its name in the group. */
  readonly consumer: string;
  /** The keys that it reads: the stream, or its partitions. */
  readonly streams: readonly string[];
  /** Resolves when it has stopped, for whatever reason. Never rejects. */
  readonly stopped: Promise<GroupStats>;
  stats(): GroupStats;
  /** How much the whole group has still to do. @throws LoopsError `LOOPS_REDIS_CONNECTION`; `LOOPS_CLOSED` when stopped */
  lag(): Promise<GroupLag>;
  /**
   * Reads no more, aborts the signals of the handlers, waits for these until the deadline (`stopTimeoutMs`), and gives
   * back what is not done: others get it at once. What a handler still has then stays pending under this name, and is
   * claimed after `claimIdleMs`. Telling Redis takes a second more at most. Never rejects.
   */
  stop(deadline?: Deadline): Promise<GroupStats>;
}

/**
 * Shares the events of a stream with the other consumers of `group`, on this machine and others: each event is handled
 * by one of them, at least once.
 *
 * A handler and not an iterator with `ack()`: an acknowledgement cannot be forgotten, or be made before the work is
 * done; an error is a retry, and not the end of a loop with entries left in its hands; and while the handler runs, the
 * consumer knows that the entry is at work, keeps it from being claimed, and can tell the handler when it is not its own
 * any more.
 *
 * Order: with one consumer, `concurrency` 1 and no failure, that of each partition. Several consumers, or a higher
 * concurrency, begin events in that order and run side by side; an event that failed comes again behind later ones.
 *
 * Connects by itself, as often as needed; errors are reported, and never end it.
 *
 * @throws LoopsError `LOOPS_CONFIG`
 */
export function consumeGroup(options: ConsumeGroupOptions): GroupConsumer {
  const life = new ConsumerLife(resolveGroupOptions(options));
  return {
    consumer: life.consumer,
    streams: life.streams,
    stopped: life.stopped,
    stats: () => life.stats(),
    lag: () => life.lag(),
    stop: (deadline) => life.stop(deadline),
    async [Symbol.asyncDispose]() {
      await life.stop();
    },
  };
}
