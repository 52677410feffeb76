import type { LoopEvent } from "@loops/core";
import { isSequenced } from "./events-reader.js";
import { readRecords } from "./read-file.js";
import { type JournalPosition, journalStart, recover } from "./recover.js";
import type { StoreContext } from "./store-context.js";

/** How far a journal was read. */
interface Place extends JournalPosition {
  /** Events up to there. */
  readonly count: number;
  /** Tells the file from another of the same path. */
  readonly ino: number;
}

const maxPlaces = 32;

/** The events of journals, and how far they were read last: a follower is given what came since, and no more is read. */
export class ReadingPlaces {
  readonly #fs: StoreContext["fs"];
  readonly #places = new Map<string, Place>();

  constructor(fs: StoreContext["fs"]) {
    this.#fs = fs;
  }

  /**
   * The events of a journal behind the first `after`, in order, as they were committed; none where there is no such
   * file. Lines that are no events are skipped. A journal of the original system, which has no `seq`, is read as it is.
   *
   * @throws LoopsError `LOOPS_STATE_CORRUPT` where it cannot be read
   */
  eventsOf(path: string, after: number): readonly LoopEvent[] {
    const ino = this.#fs.statSync(path, { throwIfNoEntry: false })?.ino ?? 0;
    const place = this.#places.get(path);
    const goesOn = place !== undefined && after > 0 && place.count === after && place.ino === ino;
    return (goesOn ? this.#goOn(path, place) : null) ?? this.#readWhole(path, ino).slice(after);
  }

  #readWhole(path: string, ino: number): readonly LoopEvent[] {
    const records = [...readRecords(this.#fs, path)];
    if (!records.some(isSequenced)) return records.map((record) => record.value as LoopEvent);
    const { commits, seq, epoch, offset } = recover(records, journalStart);
    const events = commits.flatMap((commit) => commit.events);
    this.#remember(path, { seq, epoch, offset, count: events.length, ino });
    return events;
  }

  /** `null` where the journal did not just grow: a later owner has undone what one before it wrote. */
  #goOn(path: string, place: Place): readonly LoopEvent[] | null {
    const { commits, gap, seq, epoch, offset } = recover(readRecords(this.#fs, path, place.offset), place);
    if (gap !== null) return null;
    const events = commits.flatMap((commit) => commit.events);
    this.#remember(path, { seq, epoch, offset, count: place.count + events.length, ino: place.ino });
    return events;
  }

  #remember(path: string, place: Place): void {
    this.#places.delete(path);
    this.#places.set(path, place);
    const [oldest] = this.#places.keys();
    if (this.#places.size > maxPlaces && oldest !== undefined) this.#places.delete(oldest);
  }
}
