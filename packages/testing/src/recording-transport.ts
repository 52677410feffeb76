import { AssertionError } from "node:assert/strict";
import { compileFilter, type LoopEvent, type Transport } from "@loops/core";

export interface RecordingTransportOptions {
  /** @default "recording" */
  readonly name?: string | undefined;
}

export interface WaitForOptions {
  /** @default 2000 */
  readonly timeoutMs?: number | undefined;
}

/** A sink for tests: it keeps what it is sent, and can be told to misbehave. */
export interface RecordingTransport extends Transport {
  readonly name: string;
  /** What was sent, in order, as it was at that time and as a file would show it. */
  readonly events: readonly LoopEvent[];
  /** The same as lines of NDJSON, each with its line end. */
  readonly lines: readonly string[];
  readonly closed: boolean;
  /**
   * The first event that matches, already there or still to come. Matches by a glob on the event's name or by a
   * function.
   *
   * @throws AssertionError that lists what came instead, when the time is over
   */
  waitFor(match: string | ((event: LoopEvent) => boolean), options?: WaitForOptions): Promise<LoopEvent>;
  /** Forgets what it has recorded. */
  clear(): void;
  /** From now on `send` throws this. */
  fail(error?: unknown): void;
  /** From now on `send` returns a promise that stays open, so that the bus has to wait. */
  stall(): void;
  /** Ends `fail` and `stall`; what the bus waited for is recorded now. */
  heal(): void;
  send(event: LoopEvent, encoded: Parameters<Transport["send"]>[1]): void | Promise<void>;
  close(): void;
}

/** A send that is kept open. */
interface Held {
  deliver(): void;
  abandon(): void;
}

interface Waiter {
  readonly matches: (event: LoopEvent) => boolean;
  readonly found: (event: LoopEvent) => void;
}

/**
 * Records events for assertions in a program's own tests.
 *
 * Guarantee: in order, each once, recorded when `send` returns; while it stalls the bus holds what comes, within its
 * bounds; while it fails, events are dropped and counted by the bus (`send-failed`).
 */
export function recordingTransport({ name = "recording" }: RecordingTransportOptions = {}): RecordingTransport {
  const events: LoopEvent[] = [];
  const lines: string[] = [];
  const waiters = new Set<Waiter>();
  let closed = false;
  let failure: { readonly error: unknown } | undefined;
  let stalled: Held[] | undefined;

  function record(line: string): void {
    const event = JSON.parse(line) as LoopEvent;
    events.push(event);
    lines.push(line);
    for (const waiter of waiters) if (waiter.matches(event)) waiter.found(event);
  }

  return {
    name,
    events,
    lines,
    get closed() {
      return closed;
    },
    send(_event, { line }) {
      if (failure !== undefined) throw failure.error;
      if (stalled === undefined) return record(line);
      const held = stalled;
      return new Promise((resolve, reject) => {
        held.push({
          deliver() {
            record(line);
            resolve();
          },
          abandon: () => reject(new Error(`[${name}] was closed while it stalled: the event is lost`)),
        });
      });
    },
    waitFor(match, { timeoutMs = 2000 } = {}) {
      const matches = matcherOf(match);
      const there = events.find(matches);
      if (there !== undefined) return Promise.resolve(there);
      return new Promise((resolve, reject) => {
        const end = () => {
          clearTimeout(timer);
          waiters.delete(waiter);
        };
        const waiter: Waiter = {
          matches,
          found(event) {
            end();
            resolve(event);
          },
        };
        const timer = setTimeout(() => {
          end();
          reject(nothingCame(name, match, timeoutMs, events));
        }, timeoutMs);
        waiters.add(waiter);
      });
    },
    clear() {
      events.length = 0;
      lines.length = 0;
    },
    fail(error = new Error(`[${name}] was told to fail`)) {
      failure = { error };
    },
    stall() {
      stalled ??= [];
    },
    heal() {
      failure = undefined;
      const held = stalled ?? [];
      stalled = undefined;
      for (const { deliver } of held) deliver();
    },
    close() {
      closed = true;
      const held = stalled ?? [];
      stalled = undefined;
      for (const { abandon } of held) abandon();
    },
  };
}

function matcherOf(match: string | ((event: LoopEvent) => boolean)): (event: LoopEvent) => boolean {
  if (typeof match === "function") return match;
  const matches = compileFilter(match);
  return (event) => matches(event.event);
}

function nothingCame(name: string, match: unknown, timeoutMs: number, events: readonly LoopEvent[]): AssertionError {
  const wanted = typeof match === "string" ? `"${match}"` : "the condition";
  const last = events.slice(-10).map((event) => event.event);
  const came =
    events.length === 0 ? "nothing was recorded" : `recorded: ${events.length}, the last of them ${last.join(", ")}`;
  return new AssertionError({
    message: `[${name}] no event matched ${wanted} within ${timeoutMs} ms; ${came}`,
    operator: "waitFor",
  });
}
