import type { LoopEvent, StateDelta } from "@loops/core";
import { notACommit } from "./store-errors.js";

/** What the last line of a commit carries beside its event. */
export interface CommitMark extends StateDelta {
  /** Of the owner that wrote it. */
  readonly epoch: number;
  /** Its delta is the whole state: it stands by itself, behind commits that the journal has lost. */
  readonly whole?: true;
}

export interface CommitInput {
  readonly runId: string;
  readonly epoch: number;
  /** Of the first event. */
  readonly firstSeq: number;
  readonly events: readonly LoopEvent[];
  readonly delta: StateDelta;
  /** See {@link CommitMark}. */
  readonly whole: boolean;
}

/**
 * The journal lines of one commit: each event with its `seq`, the last one with `commit` as well.
 *
 * @throws LoopsError `LOOPS_COMMIT` without events, with a reserved field, or with what JSON cannot carry
 */
export function encodeCommit({ runId, epoch, firstSeq, events, delta, whole }: CommitInput): string {
  checkEvents(runId, events);
  const last = events.length - 1;
  let text = "";
  for (const [index, event] of events.entries()) {
    const mark: CommitMark | undefined = index === last ? { epoch, ...(whole && { whole }), ...delta } : undefined;
    const commit = mark === undefined ? "" : `,"commit":${stringify(runId, mark)}`;
    text += `${stringify(runId, event).slice(0, -1)},"seq":${firstSeq + index}${commit}}\n`;
  }
  return text;
}

/** @throws LoopsError `LOOPS_COMMIT` without events, or with a reserved field */
export function checkEvents(runId: string, events: readonly LoopEvent[]): void {
  if (events.length === 0) throw notACommit(runId, "a commit needs an event: nothing changes without one.");
  for (const event of events) {
    if ("seq" in event || "commit" in event) {
      throw notACommit(runId, `event "${event.event}" has a field "seq" or "commit": those names are the store's.`);
    }
  }
}

/** The event of a journal line, as it was committed. */
export function eventOfLine(line: Readonly<Record<string, unknown>>): LoopEvent {
  const { seq: _seq, commit: _commit, ...event } = line;
  return event as LoopEvent;
}

function stringify(runId: string, value: object): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    throw notACommit(runId, "JSON cannot carry what was committed.", error);
  }
}
