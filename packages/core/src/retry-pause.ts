import { after } from "./timer.js";

/** The pause before a failed batch is written again. Keeps no process alive. */
export class RetryPause {
  #timer: NodeJS.Timeout | undefined;
  #askedFor = false;
  #onEnd: () => void;

  constructor(onEnd: () => void) {
    this.#onEnd = onEnd;
  }

  get active(): boolean {
    return this.#timer !== undefined;
  }

  /** @param askedFor whether the other side asked for it: then nothing cuts it short */
  begin(ms: number, askedFor: boolean): void {
    this.#askedFor = askedFor;
    this.#timer = after(ms, () => this.#end());
  }

  /** Ends a pause of our own choice now; one that was asked for is obeyed. */
  cutShort(): void {
    if (this.active && !this.#askedFor) this.#end();
  }

  /** Forgets the pause. */
  clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #end(): void {
    this.clear();
    this.#onEnd();
  }
}
