import { errorMessage } from "@loops/core";
import type { EntryFields, EntryRecord } from "../entry.js";
import type { DeadReason } from "./decide.js";

/** An entry that was put aside. */
export interface DeadLetter {
  /** The event, or what is wrong with the entry. */
  readonly record: EntryRecord;
  readonly reason: DeadReason;
  /** In words: what the handler threw, or what is wrong with the entry. */
  readonly detail: string;
  readonly stream: string;
  /** Its id in there. */
  readonly streamId: string;
  readonly group: string;
  /** Who put it aside. */
  readonly consumer: string;
  readonly deliveries: number;
  /** ISO 8601 in UTC. */
  readonly at: string;
}

/** A dead letter says what the handler threw, not its whole life. */
const MAX_DETAIL = 2000;

export function detailOf(error: unknown): string {
  return errorMessage(error).slice(0, MAX_DETAIL);
}

/**
 * The fields of a dead letter's entry: those of the original as they were, byte for byte, and beside them what became
 * of it. So a reader of the dead letter stream finds the event in `data`, as in every other stream.
 */
export function deadLetterFields(letter: DeadLetter, original: EntryFields): (string | Uint8Array)[] {
  return [
    ...original,
    ...["dead_reason", letter.reason],
    ...["dead_detail", letter.detail],
    ...["dead_stream", letter.stream],
    ...["dead_id", letter.streamId],
    ...["dead_group", letter.group],
    ...["dead_consumer", letter.consumer],
    ...["dead_deliveries", String(letter.deliveries)],
    ...["dead_at", letter.at],
  ];
}
