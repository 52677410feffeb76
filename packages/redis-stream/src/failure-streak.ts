import { type ErrorInfo, type OnError, type TransportContext, warnOnError } from "@loops/core";

const EVERY = 100;

/**
 * Tells of failures in a row at the first, and at each hundredth: who watches a long outage wants to know that it goes
 * on, not how often we knock. A success ends the row.
 */
export class FailureStreak {
  readonly #onError: OnError | undefined;
  readonly #quiet = new WeakSet<object>();
  #context: TransportContext | undefined;
  #length = 0;

  constructor(onError: OnError | undefined) {
    this.#onError = onError;
  }

  attach(context: TransportContext): void {
    this.#context = context;
  }

  end(): void {
    this.#length = 0;
  }

  /** Counts a failure. Returns it, to be thrown. */
  add<E>(error: E): E {
    this.#length++;
    if (this.#length === 1 || !(error instanceof Error)) return error;
    if (this.#length % EVERY === 0) error.message += ` (${this.#length} failures in a row)`;
    else this.#quiet.add(error);
    return error;
  }

  /** Where the queue's reports go: those that are not one failure more. */
  report(error: unknown, info: ErrorInfo): void {
    if (typeof error === "object" && error !== null && this.#quiet.has(error)) return;
    if (this.#onError !== undefined) this.#onError(error, info);
    else if (this.#context !== undefined) this.#context.report(error);
    else warnOnError(error, info);
  }
}
