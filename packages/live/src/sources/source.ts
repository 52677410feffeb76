import type { Deadline } from "@loops/core";

/** Something that fills a feed, until it is closed. */
export interface LiveSource {
  /** Ends its timers, watchers and connections, and waits for what is being read. Idempotent. */
  close(deadline?: Deadline): Promise<void>;
}
