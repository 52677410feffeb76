import { AssertionError } from "node:assert/strict";
import { compileFilter, type LoopEvent } from "@loops/core";

export interface WaitForOptions {
  /** @default 2000 */
  readonly timeoutMs?: number | undefined;
  /** Which of those that match, counted from 1. @default 1 */
  readonly nth?: number | undefined;
}

/** A glob on the event's name, several of them, or a function. */
export type Match = string | readonly string[] | ((event: LoopEvent) => boolean);

export function matcherOf(match: Match): (event: LoopEvent) => boolean {
  if (typeof match === "function") return match;
  const matches = compileFilter(match);
  return ({ event }) => matches(event);
}

interface Waiter {
  tell(event: LoopEvent): void;
  giveUp(why: string): void;
}

/** Those who wait for an event that a recorder has, or is still to have. */
export class EventWaiters {
  readonly #name: string;
  readonly #events: readonly LoopEvent[];
  readonly #waiting = new Set<Waiter>();
  #closed = false;

  constructor(name: string, events: readonly LoopEvent[]) {
    this.#name = name;
    this.#events = events;
  }

  tell(event: LoopEvent): void {
    for (const waiter of [...this.#waiting]) waiter.tell(event);
  }

  /** Nothing more will come: whoever still waits is told so at once. */
  close(): void {
    this.#closed = true;
    for (const waiter of [...this.#waiting]) waiter.giveUp("before it was closed");
  }

  wait(match: Match, { timeoutMs = 2000, nth = 1 }: WaitForOptions = {}): Promise<LoopEvent> {
    const matches = matcherOf(match);
    const there = this.#events.filter(matches);
    const found = there[nth - 1];
    if (found !== undefined) return Promise.resolve(found);
    // Made here, because a timer knows nothing of the test that waits.
    const error = new AssertionError({ operator: "waitFor", message: "", stackStartFn: this.wait });
    return new Promise((resolve, reject) => {
      let missing = nth - there.length;
      const end = () => {
        clearTimeout(timer);
        this.#waiting.delete(waiter);
      };
      const waiter: Waiter = {
        tell: (event) => {
          if (!matches(event) || --missing > 0) return;
          end();
          resolve(event);
        },
        giveUp: (why) => {
          end();
          reject(withMessage(error, this.#nothingCame(match, nth, nth - missing, why)));
        },
      };
      const timer = setTimeout(() => waiter.giveUp(`within ${timeoutMs} ms`), timeoutMs);
      this.#waiting.add(waiter);
      if (this.#closed) waiter.giveUp("before it was closed");
    });
  }

  #nothingCame(match: Match, nth: number, matched: number, why: string): string {
    const wanted = typeof match === "function" ? "the condition" : JSON.stringify(match);
    const which = nth === 1 ? "no event" : `${matched} instead of ${nth} events`;
    const last = this.#events.slice(-10).map(({ event }) => event);
    const count = this.#events.length;
    const came = count === 0 ? "nothing was recorded" : `recorded: ${count}, the last of them ${last.join(", ")}`;
    return `[${this.#name}] ${which} matched ${wanted} ${why}; ${came}`;
  }
}

/** The stack begins with a message that was not known yet. */
function withMessage(error: AssertionError, message: string): AssertionError {
  const frames = error.stack?.slice(error.stack.indexOf("\n    at ")) ?? "";
  error.message = message;
  error.stack = `${error.name} [${error.code}]: ${message}${frames}`;
  return error;
}
