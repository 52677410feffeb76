import { timerMs } from "@loops/core";
import type { Outbox } from "./outbox.js";

/**
 * While somebody waits for all clients, one that has taken nothing for so long is passed over: a viewer that has stopped
 * to read, as a suspended program or a machine that sleeps, holds nobody up.
 */
export class Patience {
  readonly #outboxes: () => Iterable<Outbox>;
  readonly #patienceMs: number;
  #waits = 0;
  #timer: NodeJS.Timeout | undefined;
  #turn: NodeJS.Immediate | undefined;

  constructor(outboxes: () => Iterable<Outbox>, patienceMs: number) {
    this.#outboxes = outboxes;
    this.#patienceMs = patienceMs;
  }

  async during<T>(wait: () => Promise<T>): Promise<T> {
    this.#waits++;
    this.#lookSoon();
    try {
      return await wait();
    } finally {
      if (--this.#waits === 0) this.#stop();
    }
  }

  #stop(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#turn);
  }

  /** After a turn of the event loop: a program that was busy, or suspended, has yet to hear what was taken meanwhile. */
  readonly #lookSoon = (): void => {
    this.#stop();
    this.#turn = setImmediate(() => {
      this.#turn = setImmediate(this.#look);
    });
  };

  readonly #look = (): void => {
    const now = performance.now();
    let next = Number.POSITIVE_INFINITY;
    for (const outbox of this.#outboxes()) {
      const { stalledSince } = outbox;
      if (stalledSince === undefined) continue;
      const leftMs = stalledSince + this.#patienceMs - now;
      if (leftMs <= 0) outbox.passOver("slow");
      else next = Math.min(next, leftMs);
    }
    if (Number.isFinite(next)) this.#timer = setTimeout(this.#lookSoon, timerMs(Math.ceil(next)));
  };
}
