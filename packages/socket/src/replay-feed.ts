import type { Cursor, EventLog, TailItem } from "@loops/core";
import { entryFrame, gapFrame } from "./frames.js";
import type { Outbox } from "./outbox.js";
import { Part } from "./part.js";

export interface ReplayRequest {
  readonly since: Cursor;
  readonly filter: string | readonly string[] | undefined;
  readonly outbox: Outbox;
}

/** So many frames, or so much text, go out together. */
const maxPartFrames = 256;
const maxPartUnits = 65_536;

/**
 * Serves one client from a log: first what it missed, then what comes, with no seam between the two, because both are
 * one tail. The client holds a place in the log and no queue: while its connection takes nothing, nothing is read, and
 * what the log evicts meanwhile becomes a gap with its number.
 */
export class ReplayFeed {
  readonly #items: AsyncIterator<TailItem>;
  readonly #log: Pick<EventLog, "query">;
  readonly #filter: string | readonly string[] | undefined;
  readonly #outbox: Outbox;
  readonly #abort = new AbortController();
  #texts: string[] = [];
  #units = 0;
  #turnEnd: NodeJS.Immediate | undefined;
  #stopped = false;
  /** Behind the last entry that was sent. */
  cursor: Cursor;

  constructor(log: Pick<EventLog, "query" | "tail">, { since, filter, outbox }: ReplayRequest) {
    const { signal } = this.#abort;
    this.#log = log;
    this.#filter = filter;
    this.#outbox = outbox;
    this.cursor = since;
    this.#items = log.tail({ since, filter, signal })[Symbol.asyncIterator]();
  }

  /** Resolves when the log has ended, or {@link stop} was called. Rejects when the log fails. */
  async run(): Promise<void> {
    try {
      for (;;) {
        const { done, value } = await this.#items.next();
        if (done || this.#stopped) break;
        this.#add(value);
        if (this.#texts.length >= maxPartFrames || this.#units >= maxPartUnits) this.#write();
        if (this.#outbox.blocked) await this.#outbox.idle();
      }
      this.#write();
    } finally {
      this.stop();
    }
  }

  /** Resolves when all is written that the log holds now, or the reading has ended. */
  async finish(): Promise<void> {
    while (!this.#stopped) {
      const { events, gap } = await this.#log.query({ since: this.cursor, filter: this.#filter, limit: 1 });
      if (events.length === 0 && !gap) break;
      await this.#outbox.idle();
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#write();
  }

  /** Ends the reading of the log. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    clearImmediate(this.#turnEnd);
    this.#abort.abort();
    // Ends the wait of an iterator that has no signal; what it says to that concerns nobody any more.
    void (async () => this.#items.return?.())().catch(() => {});
  }

  #add(item: TailItem): void {
    this.cursor = item.cursor;
    const text =
      item.type === "event"
        ? entryFrame(item.cursor, item.event)
        : gapFrame({ missed: item.missed, cursor: item.cursor });
    this.#units += text.length;
    if (this.#texts.push(text) === 1) this.#turnEnd = setImmediate(() => this.#write());
  }

  #write(): void {
    clearImmediate(this.#turnEnd);
    if (this.#texts.length === 0 || this.#stopped) return;
    const part = new Part(this.#texts);
    this.#texts = [];
    this.#units = 0;
    this.#outbox.push(part);
  }
}
