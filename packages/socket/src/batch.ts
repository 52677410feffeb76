import { Part, type Settler } from "./part.js";

/** The events of one turn, on their way to every client. */
export interface BatchEvents {
  readonly texts: readonly string[];
  readonly names: readonly string[];
  readonly ids: readonly string[];
}

/**
 * What became of the events of one turn. They are handed over when every client has taken or given up its share; those
 * that some client had no room for count as dropped.
 */
export class Batch implements Settler {
  readonly events: BatchEvents;
  readonly whole: Part;
  /** How many, from the first on, every client so far had room for. */
  kept: number;
  #waiting = 1;
  #lostBecause: string | undefined;
  readonly #onSettled: (batch: Batch, lostBecause: string | undefined) => void;

  constructor(events: BatchEvents, onSettled: (batch: Batch, lostBecause: string | undefined) => void) {
    this.events = events;
    this.kept = events.texts.length;
    this.whole = new Part(events.texts, this, events.ids);
    this.#onSettled = onSettled;
  }

  /** One more client has to settle. */
  expect(): void {
    this.#waiting++;
  }

  settle(lostBecause: string | undefined): void {
    this.#lostBecause ??= lostBecause;
    if (--this.#waiting === 0) this.#onSettled(this, this.#lostBecause);
  }
}
