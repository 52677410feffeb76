import type { GroupCommands } from "./commands.js";
import type { GroupGap } from "./gap.js";
import type { HeldEntries } from "./held.js";
import type { ResolvedGroupOptions } from "./options.js";

/** What has been counted since the start. */
export interface GroupCounts {
  /** Entries given to this consumer. */
  received: number;
  /** Of these: left by a consumer that died, or paused after a failure. */
  claimed: number;
  /** Acknowledged after the handler was done. */
  handled: number;
  /** The handler threw; the entry comes again, here or at another consumer. */
  retried: number;
  deadLettered: number;
  /** Claimed by others before the handler was done. */
  lost: number;
  /** Given back because the consumer stopped. */
  released: number;
  /** Entries that nobody will handle, as far as they could be counted. */
  missed: number;
}

/** What the parts of one consumer share. */
export interface GroupContext {
  readonly options: ResolvedGroupOptions;
  /** The keys, one for each partition. */
  readonly streams: readonly string[];
  /** Those whose group is there. */
  readonly joined: Set<string>;
  readonly deadLetterStream: string | null;
  readonly consumer: string;
  readonly commands: GroupCommands;
  readonly held: HeldEntries;
  readonly counts: GroupCounts;
  /** Aborts when the consumer begins to stop. */
  readonly stopping: AbortSignal;
  /** Tells of an error and does what helps against it. @param streams those that it is about. @default all */
  readonly trouble: (error: unknown, streams?: readonly string[]) => Promise<void>;
  /** When a command for a stream failed for want of a connection last, by `performance.now()`. */
  readonly outages: ReadonlyMap<string, number>;
  readonly report: (error: unknown) => void;
  readonly gap: (gap: GroupGap) => void;
  /** There is room, or something to do: wakes whoever waits for that. */
  readonly changed: () => void;
}
