import type { Cursor, LoopEvent } from "@loops/core";
import { Draft } from "./draft.js";
import type { RunFrame } from "./frame.js";
import { noIds, type RecentIds } from "./recent-ids.js";
import type { Run } from "./run.js";

/** What the model is fed with: pages of the history as events, and the items of `followSocket`. */
export type ModelItem =
  | { readonly type: "event"; readonly event: LoopEvent; readonly cursor: Cursor | null }
  | { readonly type: "gap"; readonly missed: number | null; readonly cursor: Cursor | null }
  | { readonly type: "snapshot"; readonly runs: readonly RunFrame[]; readonly cursor: Cursor | null };

/** A row of the event stream: an event, or a place where some are missing. `key` rises and is never used twice. */
export type Row =
  | { readonly kind: "event"; readonly key: number; readonly size: number; readonly event: LoopEvent }
  | {
      readonly kind: "gap";
      readonly key: number;
      readonly size: number;
      /** `null`: nobody knows how many, or whether any. */
      readonly missed: number | null;
      /** Which program lost them, where it was not the way to this page. */
      readonly source: string | null;
      /** The server began anew and has sent all of it again: it turned out that nothing is missing. */
      readonly healed: boolean;
    };

export interface ModelBounds {
  /** Rows of the event stream. @default 5000 */
  readonly maxRows: number;
  /** Their size in memory, about. @default 33554432 (32 MiB) */
  readonly maxRowBytes: number;
  /** Runs; those that ended longest ago go first. @default 200 */
  readonly maxRuns: number;
  /** Visits kept of each run. @default 500 */
  readonly maxVisits: number;
}

/** Gaps so far; `unknown` are those of which nobody knows how many events were in them. */
export interface GapCounts {
  readonly gaps: number;
  readonly missed: number;
  readonly unknown: number;
}

/** All that the page shows, as plain immutable data. */
export interface LiveModel {
  readonly bounds: ModelBounds;
  /** By id, in the order in which they were first heard of. */
  readonly runs: ReadonlyMap<string, Run>;
  readonly rows: readonly Row[];
  /** Their size in memory, about, in bytes. */
  readonly rowBytes: number;
  /** Rows so far: the key of the next one. */
  readonly rowCount: number;
  readonly gapCounts: GapCounts;
  /** Events so far, each once. */
  readonly eventCount: number;
  /** Where to go on reading. */
  readonly position: Cursor | null;
  readonly ids: RecentIds;
  readonly lastId: string | null;
  /** Frames that hold at a place which is still to come. */
  readonly pending: Extract<ModelItem, { type: "snapshot" }> | null;
  /** A gap of which an event will tell whether it is one: its row, and the last event before it. */
  readonly doubt: { readonly key: number; readonly id: string } | null;
}

export const defaultBounds: ModelBounds = { maxRows: 5000, maxRowBytes: 33_554_432, maxRuns: 200, maxVisits: 500 };

export function emptyModel(bounds: Partial<ModelBounds> = {}): LiveModel {
  return {
    bounds: { ...defaultBounds, ...bounds },
    runs: new Map(),
    rows: [],
    rowBytes: 0,
    rowCount: 0,
    gapCounts: { gaps: 0, missed: 0, unknown: 0 },
    eventCount: 0,
    position: null,
    ids: noIds,
    lastId: null,
    pending: null,
    doubt: null,
  };
}

/**
 * The model after these items. Pure: what is in `before` stays as it is. Events that come again, as at the seam of history
 * and live events or after a restart of the server, change nothing.
 */
export function reduce(before: LiveModel, items: readonly ModelItem[]): LiveModel {
  if (items.length === 0) return before;
  const draft = new Draft(before);
  for (const item of items) draft.take(item);
  return draft.finish();
}
