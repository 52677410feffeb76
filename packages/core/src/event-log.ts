import type { EncodedEvent, LoopEvent } from "./event.js";

/**
 * A place in an {@link EventLog}, opaque: `<log epoch>:<n>`. Hand it back to go on after that event; nothing else
 * may be read from it. The epoch tells one life of a log from another, so that an old cursor is recognised.
 */
export type Cursor = string;

/** An event with its place in the log. */
export interface LogEntry {
  readonly cursor: Cursor;
  readonly event: LoopEvent;
}

export interface EventLogQuery {
  /** Entries after this one. @default the oldest resident entry */
  readonly since?: Cursor | undefined;
  /** At most so many, the oldest first; 0 is none, negative is no bound. @default no bound */
  readonly limit?: number | undefined;
  /** Glob or globs on `event`. @default all */
  readonly filter?: string | readonly string[] | undefined;
}

export interface EventLogPage {
  readonly events: readonly LogEntry[];
  /** Events between `since` and the first resident entry are gone, or `since` is of another epoch. */
  readonly gap: boolean;
  /** The oldest resident entry, `null` in an empty log. */
  readonly oldest: Cursor | null;
  /** The head of the log when it was asked: whoever reads on from here gets what comes after, and only that. */
  readonly newest: Cursor;
  /** Where to go on: after the last entry looked at, or where the query began. Hand it back as `since`. */
  readonly next: Cursor;
}

/** What `tail` yields: entries in order, and where some are missing, a gap that says so. */
export type TailItem =
  | ({ readonly type: "event" } & LogEntry)
  | {
      readonly type: "gap";
      /** How many are missing, `null` where it cannot be known. */
      readonly missed: number | null;
      /** The place behind what is missing: a reader that goes on from here is not told again. */
      readonly cursor: Cursor;
    };

export interface TailOptions {
  /** Entries after this one. @default only what comes from now on */
  readonly since?: Cursor | undefined;
  readonly filter?: string | readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A log that can be read from a cursor on and followed: memory-log and redis-stream implement it, socket replays from it. */
export interface EventLog {
  /** Adds an event and returns its cursor. `encoded` saves encoding it again. */
  append(event: LoopEvent, encoded?: EncodedEvent): Cursor | Promise<Cursor>;
  query(query?: EventLogQuery): EventLogPage | Promise<EventLogPage>;
  tail(options?: TailOptions): AsyncIterable<TailItem>;
}
