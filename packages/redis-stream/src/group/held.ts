import type { EntryFields } from "../entry.js";
import { ShortLivedMap } from "./short-lived-map.js";

/** An entry as Redis gave it to this consumer. */
export interface GivenEntry {
  readonly stream: string;
  readonly id: string;
  /** Names and values in turn; texts only where these are the same as the bytes. */
  readonly fields: EntryFields;
  readonly deliveries: number;
}

/** An entry that this consumer has not settled yet. */
export interface HeldEntry extends GivenEntry {
  deliveries: number;
  /** Was given to a consumer before, which left it. */
  readonly claimed: boolean;
  /** When the last command was sent that showed it as ours; `Infinity` once nobody else can get it. */
  confirmedAt: number;
  state: "queued" | "running" | "acknowledging";
  /** What an acknowledgement will mean. */
  outcome: "handled" | "dead-letter";
  /** Why its handler is to let go. */
  abortReason: Error | undefined;
  controller: AbortController | undefined;
}

/** Tells the handler of an entry to let go. */
export function abortHandler(entry: HeldEntry, reason: Error): void {
  entry.abortReason = reason;
  entry.controller?.abort(reason);
}

/** What its handler is told by. */
export function handlerSignal(entry: HeldEntry): AbortSignal {
  if (entry.controller === undefined) {
    entry.controller = new AbortController();
    if (entry.abortReason !== undefined) entry.controller.abort(entry.abortReason);
  }
  return entry.controller.signal;
}

/** What this consumer holds. What was left by others goes first: it has waited longest. */
export class HeldEntries {
  /** By stream and id. */
  readonly #streams = new Map<string, ShortLivedMap<HeldEntry>>();
  #size = 0;
  readonly #claimed: HeldEntry[] = [];
  readonly #fresh: HeldEntry[] = [];
  #unsettledClaims = 0;
  #running = 0;

  get size(): number {
    return this.#size;
  }

  get queued(): number {
    return this.#claimed.length + this.#fresh.length;
  }

  /** Entries claimed from others, or from an earlier life, that are not settled. */
  get unsettledClaims(): number {
    return this.#unsettledClaims;
  }

  get running(): number {
    return this.#running;
  }

  get acknowledging(): number {
    return this.size - this.queued - this.running;
  }

  /**
   * Adds an entry to the queue.
   *
   * @returns whether it is new: one that is held already, because Redis forgot that it had handed it over, is not begun
   * twice
   */
  add(given: GivenEntry, claimed: boolean, confirmedAt: number): boolean {
    const { stream, id, fields, deliveries } = given;
    const own = this.#ofStream(stream);
    const known = own.get(id);
    if (known !== undefined) {
      known.confirmedAt = Math.max(known.confirmedAt, confirmedAt);
      known.deliveries = Math.max(known.deliveries, deliveries);
      return false;
    }
    const entry: HeldEntry = {
      stream,
      id,
      fields,
      deliveries,
      claimed,
      confirmedAt,
      state: "queued",
      outcome: "handled",
      abortReason: undefined,
      controller: undefined,
    };
    own.add(id, entry);
    this.#size++;
    if (claimed) this.#unsettledClaims++;
    (claimed ? this.#claimed : this.#fresh).push(entry);
    return true;
  }

  /** The next to be handled. It counts as running. */
  take(): HeldEntry | undefined {
    const entry = this.#claimed.shift() ?? this.#fresh.shift();
    if (entry === undefined) return undefined;
    entry.state = "running";
    this.#running++;
    return entry;
  }

  /** Its handler is done. */
  finish(entry: HeldEntry, outcome: HeldEntry["outcome"]): void {
    entry.state = "acknowledging";
    entry.outcome = outcome;
    this.#running--;
  }

  /** Forgets an entry, wherever it is. */
  remove(entry: HeldEntry): void {
    if (!this.#ofStream(entry.stream).delete(entry.id)) return;
    this.#size--;
    if (entry.claimed) this.#unsettledClaims--;
    if (entry.state === "running") this.#running--;
    if (entry.state !== "queued") return;
    const queue = entry.claimed ? this.#claimed : this.#fresh;
    queue.splice(queue.indexOf(entry), 1);
  }

  has(entry: HeldEntry): boolean {
    return this.#ofStream(entry.stream).get(entry.id) === entry;
  }

  /** Nobody else can get this entry any more, because it was trimmed. @returns whether it is held */
  letBe(stream: string, id: string): boolean {
    const entry = this.#ofStream(stream).get(id);
    if (entry !== undefined) entry.confirmedAt = Number.POSITIVE_INFINITY;
    return entry !== undefined;
  }

  *[Symbol.iterator](): Generator<HeldEntry> {
    for (const own of this.#streams.values()) yield* own.values();
  }

  #ofStream(stream: string): ShortLivedMap<HeldEntry> {
    let own = this.#streams.get(stream);
    if (own === undefined) {
      own = new ShortLivedMap();
      this.#streams.set(stream, own);
    }
    return own;
  }
}
