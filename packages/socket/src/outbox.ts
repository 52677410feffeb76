import type { Socket } from "node:net";
import { Flight } from "./flight.js";
import { gapFrame } from "./frames.js";
import { type Encoding, Part } from "./part.js";

export interface OutboxBounds {
  readonly maxFrames: number;
  readonly maxBytes: number;
}

export interface OutboxOptions extends OutboxBounds {
  readonly socket: Socket;
  readonly encoding: Encoding;
  /** Frames found no room, or were given up. */
  onDrop(frames: number): void;
}

/** What waits is handed over in slices of so many bytes: a part that began cannot be taken back. */
const sliceBytes = 65_536;

/**
 * What one client still has to get: a queue bounded by frames and bytes, those included that the operating system has
 * not taken yet. While the client keeps up nothing waits here; every write goes straight through.
 *
 * When the queue is full the newest frames are dropped, and as soon as there is room a gap frame tells the client. A
 * client that is leaving gets nothing more, and that is no loss.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #flight: Flight;
  #queue: Part[] = [];
  #held = false;
  #heldAt = 0;
  #passedOver = false;
  #closed = false;
  #frames = 0;
  #bytes = 0;
  #missed = 0;
  #firstMissed: string | null = null;
  #onIdle: (() => void)[] = [];

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#flight = new Flight(options.socket, options.encoding, (parts) => {
      this.#land(parts);
      this.#writeOn();
    });
  }

  /** Frames that wait, those in flight included. */
  get frames(): number {
    return this.#frames;
  }

  /** Bytes that wait, those in flight included. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether the operating system takes nothing more at present. */
  get blocked(): boolean {
    return this.#flight.underWay;
  }

  /** When the operating system last took some of what it had kept waiting; `performance.now()`. */
  get progressAt(): number {
    return this.#flight.progressAt;
  }

  /** Since when nothing was taken of what somebody may wait for; `undefined` where nobody does. */
  get stalledSince(): number | undefined {
    if (this.#frames === 0 || this.#passedOver) return undefined;
    return this.blocked ? this.progressAt : this.#heldAt;
  }

  takeWrote(): boolean {
    return this.#flight.takeWrote();
  }

  /** Keeps everything back until {@link release}: what comes first is not there yet. */
  hold(): void {
    this.#held = true;
    this.#heldAt = performance.now();
  }

  release(): void {
    this.#held = false;
    this.#writeOn();
    // Nothing had to be written: who was passed over meanwhile is told now.
    if (!this.blocked) this.#land([]);
  }

  /** Takes as many events as there is room for, the first ones, and drops the others. Returns how many it took. */
  offer(part: Part): number {
    const { socket, encoding, maxFrames, maxBytes, onDrop } = this.#options;
    const count = part.texts.length;
    let taken = 0;
    if (this.#missed === 0 && !this.#passedOver && this.#frames < maxFrames) {
      const fitting = part.fitting(encoding, maxFrames - this.#frames, maxBytes - this.#bytes);
      if (fitting !== undefined) {
        taken = fitting.texts.length;
        this.push(fitting);
      }
    }
    if (taken === count) return count;
    if (!socket.writable) {
      if (taken === 0) part.settler?.settle(undefined);
      return count;
    }
    if (this.#missed === 0) this.#firstMissed = part.ids[taken] ?? null;
    this.#missed += count - taken;
    onDrop(count - taken);
    if (this.#frames === 0) this.#tellGap();
    return taken;
  }

  /** Takes frames whatever the bounds: those of the server's own, and those of who waits for {@link idle}. */
  push(part: Part): void {
    if (this.#closed || !this.#options.socket.writable) {
      part.settler?.settle(undefined);
    } else if (this.#held || this.blocked || this.#queue.length > 0) {
      this.#account(part, 1);
      this.#queue.push(part);
    } else if (this.#flight.send(part)) {
      part.settler?.settle(undefined);
    } else {
      this.#account(part, 1);
    }
  }

  /** Puts frames before all that waits. For what was kept back by {@link hold}. */
  prepend(parts: readonly Part[]): void {
    for (const part of parts) this.#account(part, 1);
    this.#queue.unshift(...parts);
  }

  /** Resolves when nothing waits, or the client is gone. */
  idle(): Promise<void> {
    if (this.#closed || this.#frames === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onIdle.push(resolve));
  }

  /** Forgets what has not been given to the operating system, and what was to be told of it. */
  clear(): void {
    this.#missed = 0;
    this.#firstMissed = null;
    this.#giveUp(this.#queue.splice(0), undefined);
  }

  /**
   * Gives up the events that wait, so that nobody waits for this client: they are dropped, and told by a gap once it takes
   * something again. Until then it gets no more. What the operating system was handed cannot be taken back: it counts as
   * lost, though the client still gets it if it goes on.
   */
  passOver(lostBecause: string): void {
    this.#settle(this.#flight.parts, lostBecause);
    this.#passedOver = true;
    const events = this.#queue.filter(({ settler }) => settler !== undefined);
    if (events.length === 0) return;
    this.#queue = this.#queue.filter(({ settler }) => settler === undefined);
    if (this.#missed === 0) this.#firstMissed = events[0]?.ids[0] ?? null;
    const lost = this.#giveUp(events, lostBecause);
    this.#missed += lost;
    this.#options.onDrop(lost);
  }

  /** The end: nothing more is written. Returns how many frames were left. */
  close(lostBecause?: string): number {
    if (this.#closed) return 0;
    this.#closed = true;
    const inFlight = this.#flight.end();
    this.#settle(inFlight, lostBecause);
    for (const part of inFlight) this.#account(part, -1);
    const queued = this.#giveUp(this.#queue.splice(0), lostBecause);
    this.#tellIdle();
    return queued + inFlight.reduce((sum, { texts }) => sum + texts.length, 0);
  }

  #giveUp(parts: readonly Part[], lostBecause: string | undefined): number {
    let lost = 0;
    for (const part of parts) {
      lost += part.texts.length;
      this.#account(part, -1);
      part.settler?.settle(lostBecause);
    }
    return lost;
  }

  /** Settles what is or was in flight; once, so not what was passed over. */
  #settle(inFlight: readonly Part[], lostBecause: string | undefined): void {
    if (!this.#passedOver) for (const { settler } of inFlight) settler?.settle(lostBecause);
  }

  #account(part: Part, sign: 1 | -1): void {
    this.#frames += sign * part.texts.length;
    this.#bytes += sign * part.bytes(this.#options.encoding).length;
  }

  /** The operating system has taken it. */
  #land(parts: readonly Part[]): void {
    for (const part of parts) this.#account(part, -1);
    this.#settle(parts, undefined);
    this.#passedOver = false;
    if (this.#missed > 0) this.#tellGap();
    if (this.#frames === 0) this.#tellIdle();
  }

  /** Writes what waits, a slice at a time, until the operating system takes no more. */
  #writeOn(): void {
    const { socket, encoding } = this.#options;
    while (!this.#closed && !this.#held && !this.blocked && this.#queue.length > 0) {
      if (!socket.writable) {
        this.#giveUp(this.#queue.splice(0), undefined);
        break;
      }
      let bytes = 0;
      let count = 0;
      while (count < this.#queue.length && bytes < sliceBytes) {
        bytes += (this.#queue[count++] as Part).bytes(encoding).length;
      }
      const parts = this.#queue.splice(0, count);
      if (this.#flight.sendAll(parts)) this.#land(parts);
    }
  }

  /** Room again: before the next event the client is told what it missed. */
  #tellGap(): void {
    if (this.#frames >= this.#options.maxFrames || this.#bytes >= this.#options.maxBytes) return;
    const gap = new Part([gapFrame({ missed: this.#missed, firstId: this.#firstMissed })]);
    this.#missed = 0;
    this.#firstMissed = null;
    this.push(gap);
  }

  #tellIdle(): void {
    for (const resolve of this.#onIdle.splice(0)) resolve();
  }
}
