import type { Connection } from "../connection.js";
import { Bell } from "./bell.js";
import { takeOver } from "./claimer.js";
import type { GroupContext } from "./context.js";
import { readCount } from "./decide.js";
import { readGroup } from "./read-group.js";

/** Reads new entries of the streams that lie on one node, as many as there is room for. */
export class GroupReader {
  readonly #group: GroupContext;
  readonly #connection: Connection;
  readonly #streams: readonly string[];
  readonly #given: () => void;
  readonly #lookForClaims: () => void;
  readonly #bell = new Bell();
  #known = false;
  /** Whether the last read has probably left something: then the next one does not wait. */
  #more = false;
  /** An entry of each stream that the group was given: while it is there, nothing behind it was trimmed. */
  readonly #places = new Map<string, string>();

  /**
   * @param connection waits for entries, so it is for nothing else
   */
  constructor(
    group: GroupContext,
    connection: Connection,
    streams: readonly string[],
    on: {
      /** There is something to handle. */
      readonly given: () => void;
      /** The group of a stream is there: what others have left can be claimed. */
      readonly joined: () => void;
    },
  ) {
    this.#group = group;
    this.#connection = connection;
    this.#streams = streams;
    this.#given = on.given;
    this.#lookForClaims = on.joined;
  }

  /** Room may have become free. */
  changed(): void {
    this.#bell.ring();
  }

  async run(): Promise<void> {
    const { stopping, options, commands, joined } = this.#group;
    for (const stream of this.#streams) {
      if ((await this.#untilDone(() => commands.join(stream, options.from))) === undefined) return;
      joined.add(stream);
      await this.#resume(stream);
      this.#lookForClaims();
    }
    while (!stopping.aborted) {
      const count = this.#room;
      if (count === 0) await this.#bell.wait(1000, stopping);
      else await this.#untilDone(() => this.#read(count));
    }
  }

  /** What an earlier life of this consumer had comes first. */
  async #resume(stream: string): Promise<void> {
    const { commands, options, held, stopping } = this.#group;
    for (let from = "-"; !stopping.aborted; ) {
      const room = options.concurrency - held.unsettledClaims;
      if (room <= 0) {
        await this.#bell.wait(1000, stopping);
        continue;
      }
      const sentAt = performance.now();
      const page = await this.#untilDone(() => commands.resume(stream, from, room));
      if (page === undefined || page.next === "") return;
      from = `(${page.next}`;
      takeOver(this.#group, stream, page, sentAt);
      this.#given();
    }
  }

  async #read(count: number): Promise<void> {
    const { held, counts, options, consumer, stopping } = this.#group;
    const sentAt = performance.now();
    const known = this.#known;
    this.#known = false;
    const { entries, more, gaps, newPlaces, error } = await readGroup(
      this.#connection,
      { group: options.group, consumer },
      {
        streams: this.#streams,
        count,
        blockMs: this.#more ? 0 : Math.max(1, options.blockMs),
        known,
        places: this.#places,
      },
      { timeoutMs: options.commandTimeoutMs, signal: stopping },
    );
    // A server that was started anew knows nothing, but then this connection broke before.
    this.#known = error === undefined;
    this.#more = more;
    for (const { stream, missed } of gaps) this.#group.gap({ stream, reason: "trimmed", missed });
    for (const [stream, id] of newPlaces) this.#places.set(stream, id);
    for (const entry of entries) {
      this.#places.set(entry.stream, entry.id);
      if (held.add(entry, false, sentAt)) counts.received++;
    }
    if (entries.length > 0) this.#given();
    if (error !== undefined) throw error;
  }

  get #room(): number {
    const { held, options, streams } = this.#group;
    return readCount({ held: held.size, queued: held.queued, running: held.running }, options, streams.length);
  }

  /** Again and again, with pauses that grow; `undefined` only when the consumer stops. */
  async #untilDone<R>(work: () => Promise<R>): Promise<R | undefined> {
    const { stopping, trouble } = this.#group;
    for (let attempt = 1; !stopping.aborted; attempt++) {
      try {
        return await work();
      } catch (error) {
        if (stopping.aborted) return undefined;
        await trouble(error, this.#streams);
        await new Bell().wait(reconnectPauseMs(attempt), stopping);
      }
    }
    return undefined;
  }
}

/** Exponential from 50 ms to 2 s, with jitter: many consumers lose one server together. */
export function reconnectPauseMs(attempt: number, random: () => number = Math.random): number {
  return Math.min(2000, 50 * 2 ** (attempt - 1)) * (0.5 + random() / 2);
}
