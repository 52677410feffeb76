import type { AnyEvent, FilterOf, Heard, LoopEvent, Stamped, Transport } from "@loops/core";
import { EventWaiters, type Match, matcherOf, type WaitForOptions } from "./event-waiters.js";

export interface RecordingTransportOptions {
  /** @default "recording" */
  readonly name?: string | undefined;
}

/** A sink for tests: it keeps what it is sent, and can be told to misbehave. `E` is the type of the bus it is put on. */
export interface RecordingTransport<E extends AnyEvent = LoopEvent> extends Transport {
  readonly name: string;
  /** What was sent, in order, as it was at that time and as a file would show it. */
  readonly events: readonly (E & Stamped)[];
  /** The names of the events, in order: the shortest thing to compare. */
  readonly names: readonly string[];
  /** The events as lines of NDJSON, each with its line end. */
  readonly lines: readonly string[];
  readonly closed: boolean;
  /** What was sent so far and matches: a name, a glob, several of them, or a function. */
  matching<const N extends FilterOf<E>>(filter: N | readonly N[]): Heard<E, N>[];
  matching(condition: (event: E & Stamped) => boolean): (E & Stamped)[];
  /**
   * The first event that matches, or the nth, already there or still to come.
   *
   * @throws AssertionError that lists what came instead, when the time is over or the transport is closed; it points to
   * the line that waited
   */
  waitFor<const N extends FilterOf<E>>(filter: N | readonly N[], options?: WaitForOptions): Promise<Heard<E, N>>;
  waitFor(condition: (event: E & Stamped) => boolean, options?: WaitForOptions): Promise<E & Stamped>;
  /** Forgets what it has recorded: the next `waitFor` finds only what is still to come. */
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

/**
 * Records events for assertions in a program's own tests.
 *
 * Guarantee: in order, each once, recorded when `send` returns; while it stalls the bus holds what comes, within its
 * bounds; while it fails, events are dropped and counted by the bus (`send-failed`).
 */
export function recordingTransport<E extends AnyEvent = LoopEvent>({
  name = "recording",
}: RecordingTransportOptions = {}): RecordingTransport<E> {
  const events: LoopEvent[] = [];
  const lines: string[] = [];
  const waiters = new EventWaiters(name, events);
  let closed = false;
  let failure: { readonly error: unknown } | undefined;
  let stalled: Held[] | undefined;

  function record(line: string): void {
    const event = JSON.parse(line) as LoopEvent;
    events.push(event);
    lines.push(line);
    waiters.tell(event);
  }

  const recorder: RecordingTransport = {
    name,
    events,
    lines,
    get names() {
      return events.map(({ event }) => event);
    },
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
    matching: (match: Match) => events.filter(matcherOf(match)),
    waitFor: (match: Match, options?: WaitForOptions) => waiters.wait(match, options),
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
      waiters.close();
    },
  };
  return recorder as unknown as RecordingTransport<E>;
}
