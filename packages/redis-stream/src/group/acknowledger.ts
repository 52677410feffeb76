import { Bell } from "./bell.js";
import type { GroupCommands } from "./commands.js";
import type { HeldEntry } from "./held.js";

/** Acknowledged in one command at most. */
const MAX_BATCH = 1000;

interface AcknowledgerOptions {
  readonly commands: GroupCommands;
  /** Is told of each entry that is acknowledged. */
  readonly done: (entry: HeldEntry) => void;
  /** Is told of an error, which was the how-manieth in a row, and says after how many milliseconds to try again. */
  readonly failed: (error: unknown, attempt: number) => Promise<number>;
}

/** Acknowledges what is handled, in batches, and again until Redis has answered. No stream waits for another one. */
export class Acknowledger {
  readonly #options: AcknowledgerOptions;
  readonly #lanes = new Map<string, Lane>();

  constructor(options: AcknowledgerOptions) {
    this.#options = options;
  }

  /** @param signal when it aborts, nothing more is sent */
  add(entry: HeldEntry, signal: AbortSignal): void {
    const { stream } = entry;
    let lane = this.#lanes.get(stream);
    if (lane === undefined) {
      lane = new Lane(stream, this.#options);
      this.#lanes.set(stream, lane);
    }
    lane.add(entry, signal);
  }

  /** Resolves when nothing waits, or when the signal that was given with it has aborted. */
  async settled(): Promise<void> {
    await Promise.all([...this.#lanes.values()].map((lane) => lane.settled()));
  }
}

class Lane {
  readonly #stream: string;
  readonly #options: AcknowledgerOptions;
  readonly #bell = new Bell();
  #waiting: HeldEntry[] = [];
  #running: Promise<void> | undefined;

  constructor(stream: string, options: AcknowledgerOptions) {
    this.#stream = stream;
    this.#options = options;
  }

  add(entry: HeldEntry, signal: AbortSignal): void {
    this.#waiting.push(entry);
    this.#running ??= this.#run(signal);
  }

  async settled(): Promise<void> {
    this.#bell.ring();
    await this.#running;
  }

  async #run(signal: AbortSignal): Promise<void> {
    // What is handled in this turn of the event loop goes into one command.
    await new Promise((resolve) => setImmediate(resolve));
    try {
      await this.#empty(signal);
    } finally {
      this.#running = undefined;
    }
  }

  async #empty(signal: AbortSignal): Promise<void> {
    const { commands, done, failed } = this.#options;
    let failures = 0;
    while (this.#waiting.length > 0 && !signal.aborted) {
      const batch = this.#waiting.slice(0, MAX_BATCH);
      const ids = batch.map(({ id }) => id);
      try {
        await commands.acknowledge(this.#stream, ids);
      } catch (error) {
        await this.#bell.wait(await failed(error, ++failures), signal);
        continue;
      }
      failures = 0;
      this.#waiting.splice(0, batch.length);
      batch.forEach(done);
    }
  }
}
