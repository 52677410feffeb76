import type { WriteContext } from "./batch-options.js";
import { after } from "./timer.js";

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
    this.#timer = after(timeoutMs, () => {
      this.abort();
      onTimeout();
    });
  }

  abort(): void {
    this.#controller?.abort();
  }

  forget(): void {
    clearTimeout(this.#timer);
  }
}
