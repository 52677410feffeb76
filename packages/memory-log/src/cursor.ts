import type { Cursor } from "@loops/core";

/** A name for one life of a log; no other life, in this process or another, has the same. */
export function newEpoch(): string {
  return crypto.randomUUID().replaceAll("-", "").slice(0, 20);
}

export function formatCursor(epoch: string, id: number): Cursor {
  return `${epoch}:${id}`;
}

/** What a reader may hand in as `since`: an id, a cursor, or nothing. */
export type Since = number | Cursor | null | undefined;

/** Which ids are resident: from `first` up to, without, `next`. */
export interface Resident {
  readonly first: number;
  readonly next: number;
}

/** Where a reader stands. */
export interface Position {
  /** It goes on with the id after this one. */
  readonly after: number;
  /** Whether `since` belongs to this life of the log. If not, nobody can say what the reader missed. */
  readonly known: boolean;
}

/**
 * Where `since` points.
 *
 * A cursor of another epoch, or one that cannot be read, starts at the oldest resident entry. A place past the newest
 * entry was never handed out by this log, so it starts behind the newest and is not known either.
 */
export function locate(since: Since, epoch: string, resident: Resident): Position {
  if (since === undefined || since === null) return { after: resident.first - 1, known: true };
  const id = typeof since === "number" ? wholeId(since) : parseCursor(since, epoch);
  if (id === undefined) return { after: resident.first - 1, known: false };
  const newest = resident.next - 1;
  return id > newest ? { after: newest, known: false } : { after: id, known: true };
}

/** Ids above 2.5 are those above 2; nothing is above "not a number" but everything. */
function wholeId(since: number): number {
  return since > 0 ? Math.floor(since) : 0;
}

function parseCursor(cursor: Cursor, epoch: string): number | undefined {
  const prefix = `${epoch}:`;
  if (typeof cursor !== "string" || !cursor.startsWith(prefix)) return undefined;
  const digits = cursor.slice(prefix.length);
  return /^\d{1,15}$/.test(digits) ? Number(digits) : undefined;
}
