import type { Cursor } from "@loops/core";
import type { MemoryLogEvent } from "./memory-log-event.js";

/** Which events to return. */
export interface MemoryLogQuery {
  /**
   * Events after this one: an id, or the cursor of a page. `null` and absent mean the oldest kept; zero and negative,
   * the very first. Prefer the cursor: an id says nothing about the life of the log that it comes from.
   */
  readonly since?: number | Cursor | null | undefined;
  /** At most so many, the oldest first; 0 is none, negative or absent is no bound. */
  readonly limit?: number | null | undefined;
}

/** What a query found. */
export interface MemoryLogPage {
  /** In the order of their ids. */
  readonly events: readonly MemoryLogEvent[];
  /** Events between `since` and the oldest kept are gone, or `since` is not a place in this life of the log. */
  readonly gap: boolean;
  /** The oldest event kept, `null` when there is none. */
  readonly oldest: Cursor | null;
  /** The head of the log when it was asked. */
  readonly newest: Cursor;
  /** Where to go on. Hand it back as `since`. */
  readonly next: Cursor;
}

/** What every backend of an event log can do. */
export interface EventLogBackend {
  /** Adds an event and returns it with its id. The payload is copied now; `null` and absent mean `{}`. */
  append(kind: string, payload?: Readonly<Record<string, unknown>> | null): MemoryLogEvent;
  query(query?: MemoryLogQuery): MemoryLogPage;
  /** Drops every event; ids go on from where they were. */
  clear(): void;
}
