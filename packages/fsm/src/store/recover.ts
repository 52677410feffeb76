import type { LoopEvent, StateDelta } from "@loops/core";
import type { NdjsonRecord } from "@loops/core/ndjson";
import { type CommitMark, eventOfLine } from "./commit-codec.js";

/** A place in a journal from which recovery can go on: that of a view, or its beginning. */
export interface JournalPosition {
  readonly seq: number;
  readonly epoch: number;
  /** In bytes, behind the commit of that `seq`. */
  readonly offset: number;
}

export const journalStart: JournalPosition = { seq: 0, epoch: 0, offset: 0 };

/** A commit that counts. */
export interface RecoveredCommit {
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly epoch: number;
  readonly delta: StateDelta;
  readonly events: readonly LoopEvent[];
  /** Offset behind its last line. */
  readonly end: number;
}

export interface Recovery extends JournalPosition {
  /** Those that count, in order, behind the base. Their `seq` has no holes unless `gap` says so. */
  readonly commits: readonly RecoveredCommit[];
  /** The first place where a commit does not follow on what was there before: damage, or a base that does not fit. */
  readonly gap: { readonly offset: number; readonly expectedSeq: number; readonly foundSeq: number } | null;
}

interface JournalLine {
  readonly seq: number;
  readonly record: NdjsonRecord;
}

/**
 * Which commits of a journal count.
 *
 * A commit is a run of lines with rising `seq` whose last one carries `commit`; what has no such line behind it was
 * never committed. The epoch is the fence: a commit of an older owner behind one of a newer owner is ignored, and where
 * a new owner begins at a `seq` that is taken, what it had not seen is undone. A commit that has the whole state needs
 * none before it. Pure; never throws.
 */
export function recover(records: Iterable<NdjsonRecord>, base: JournalPosition = journalStart): Recovery {
  const commits: RecoveredCommit[] = [];
  let position = base;
  let gap: Recovery["gap"] = null;
  let group: JournalLine[] = [];
  let strays: JournalLine[] = [];

  for (const record of records) {
    const seq = record.value["seq"];
    if (typeof seq !== "number" || record.torn) continue;
    const previous = group.at(-1);
    if (previous !== undefined && seq !== previous.seq + 1) {
      strays = group;
      group = [];
    }
    group.push({ seq, record });
    const mark = commitMarkOf(record);
    if (mark === null) continue;

    const { epoch, whole = false, ...delta } = mark;
    const lines = epoch === position.epoch ? group.filter((line) => line.seq > position.seq) : group;
    const first = lines[0] ?? group[0];
    group = [];
    if (epoch < position.epoch || first === undefined) continue;

    if (epoch > position.epoch) {
      while ((commits.at(-1)?.lastSeq ?? 0) >= first.seq) commits.pop();
      position = endOf(commits, base);
    }
    const expectedSeq = position.seq + 1;
    const fits = lines.length > 0 && (first.seq === expectedSeq || (whole && first.seq > expectedSeq));
    if (!fits) gap ??= { offset: first.record.start, expectedSeq, foundSeq: first.seq };
    // Behind a gap the events that can still be read are kept, for those who read rather than resume.
    const kept = fits ? lines : [...strays.filter((line) => line.seq >= expectedSeq && line.seq < first.seq), ...lines];
    strays = [];
    if (kept.length === 0) continue;
    commits.push({
      firstSeq: first.seq,
      lastSeq: seq,
      epoch,
      delta,
      events: kept.map((line) => eventOfLine(line.record.value)),
      end: record.end,
    });
    position = endOf(commits, base);
  }
  return { commits, gap, ...position };
}

function endOf(commits: readonly RecoveredCommit[], base: JournalPosition): JournalPosition {
  const last = commits.at(-1);
  return last === undefined ? base : { seq: last.lastSeq, epoch: last.epoch, offset: last.end };
}

function commitMarkOf({ value }: NdjsonRecord): CommitMark | null {
  const mark = value["commit"];
  if (typeof mark !== "object" || mark === null) return null;
  return typeof (mark as CommitMark).epoch === "number" ? (mark as CommitMark) : null;
}
