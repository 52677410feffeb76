import type { WriteContext } from "./batch-options.js";

/** One call of `write`: its deadline and its signal, which is made only if somebody looks at it. */
export class WriteAttempt implements WriteContext {
  #controller: AbortController | undefined;
  #timer: NodeJS.Timeout | undefined;

  readonly attempt: number;

  constructor(attempt: number) {
    this.attempt = attempt;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    return this.#controller.signal;
  }

  limit(timeoutMs: number, onTimeout: () => void): void {
    this.#timer = setTimeout(() => {
      this.abort();
      onTimeout();
    }, timeoutMs).unref();
  }

  abort(): void {
    this.#controller?.abort();
  }

  forget(): void {
    clearTimeout(this.#timer);
  }
}
