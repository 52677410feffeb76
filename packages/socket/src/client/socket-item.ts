import type { Cursor, LoopEvent } from "@loops/core";

/** The run of a snapshot: the fields that the server's program keeps of it, at least its name and where it stands. */
export type SnapshotRun = Readonly<Record<string, unknown>>;

/** What a feed yields, in order. */
export type SocketItem =
  /** A connection was made and the server has answered. `attempt` counts from 1 since the last one. */
  | {
      readonly type: "connected";
      /** Whether the server can replay what is missed: it has a log, and events have cursors. */
      readonly replay: boolean;
      readonly cursor: Cursor | null;
      readonly attempt: number;
    }
  /** Where every run stands, at `cursor` or a little later; once per connection, before its events. */
  | { readonly type: "snapshot"; readonly runs: readonly SnapshotRun[]; readonly cursor: Cursor | null }
  /** `cursor` is `null` where the server has no log. */
  | { readonly type: "event"; readonly event: LoopEvent; readonly cursor: Cursor | null }
  /** Events are missing here: so many, or `null` where nobody can know. */
  | { readonly type: "gap"; readonly missed: number | null; readonly cursor: Cursor | null }
  /** The connection was lost, or could not be made; the next attempt is in `retryInMs`. */
  | { readonly type: "disconnected"; readonly reason: string; readonly retryInMs: number };
