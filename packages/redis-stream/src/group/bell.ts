import { timerMs } from "@loops/core";

/** Wakes one waiter: when it is rung, when `ms` are over, or when the signal aborts. A ring before the wait counts. */
export class Bell {
  #rung = false;
  #wake: (() => void) | undefined;

  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  async wait(ms: number, signal: AbortSignal): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const ring = () => this.ring();
    if (!this.#rung && !signal.aborted) {
      signal.addEventListener("abort", ring, { once: true });
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        timer = setTimeout(resolve, timerMs(ms));
      });
      clearTimeout(timer);
      signal.removeEventListener("abort", ring);
    }
    this.#wake = undefined;
    this.#rung = false;
  }
}
