import { backoffMs, type Cursor, LoopsError, timerMs } from "@loops/core";
import type { Connect, Connection, ConnectionEnd } from "./connection.js";
import { Conversation } from "./conversation.js";
import type { ResolvedFollowOptions } from "./follow-options.js";
import { ItemQueue } from "./item-queue.js";
import type { SocketItem } from "./socket-item.js";

/** Silence after which a connection is given up, in heartbeats of the server. */
const heartbeatsMissed = 2.5;

/**
 * The events of one server, over as many connections as it takes: in order, each once, and where some are missing an
 * item that says so. It connects at the first `next()`; ends by `close`, `return` (a `break`), or its signal.
 *
 * A reader that is slower than the server stops the reading; what the server then does with it (holding its place in the
 * log, or dropping and counting) is told by a gap. Where a connection cannot be paused it is closed, and taken up again at
 * the last cursor.
 */
export class SocketFeed implements AsyncIterableIterator<SocketItem, undefined, undefined> {
  readonly #connect: Connect;
  readonly #where: string;
  readonly #options: ResolvedFollowOptions;
  readonly #queue: ItemQueue<SocketItem>;
  #connection: Connection | undefined;
  #conversation: Conversation | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #started = false;
  /** The place that the server has got to with us; a new connection goes on from there. */
  #received: Cursor | undefined;
  #cursor: Cursor | null;
  /** Attempts since a server last answered. */
  #attempts = 0;
  #answeredAt: number | undefined;
  /** Pauses since a connection last held. */
  #pauses = 0;
  /** Whether this connection has brought anything but its beginning. */
  #progressed = false;
  #silenceMs: number | undefined;
  /** The reader is slow: no new connection before there is room. */
  #waitsForRoom = false;
  /** What a connection without replay has missed in between cannot be known. */
  #mayHaveMissed = false;
  /** Events that found no room, and that no cursor can bring back. */
  #unread = 0;

  /** @param where how messages name the server */
  constructor(where: string, connect: Connect, options: ResolvedFollowOptions) {
    this.#where = where;
    this.#connect = connect;
    this.#options = options;
    this.#received = options.since;
    this.#cursor = options.since ?? null;
    this.#queue = new ItemQueue(options.maxQueueItems, this.#onRoom);
  }

  /** The place behind the last item that was read: hand it to a later feed as `since`. `null` where there is none. */
  get cursor(): Cursor | null {
    return this.#cursor;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<SocketItem, undefined>> {
    if (!this.#started) this.#start();
    const result = await this.#queue.take();
    if (result.done !== true) this.#cursor = placeAfter(result.value, this.#cursor);
    return result;
  }

  return(): Promise<IteratorResult<SocketItem, undefined>> {
    this.close();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** Ends the feed and its connection; what was received and not read is gone. Idempotent. */
  readonly close = (): void => {
    this.#queue.clear();
    this.#end();
  };

  [Symbol.dispose](): void {
    this.close();
  }

  #start(): void {
    this.#started = true;
    const { signal } = this.#options;
    signal?.addEventListener("abort", this.close, { once: true });
    if (signal?.aborted === true) this.close();
    else this.#open();
  }

  #end(error?: unknown): void {
    this.#options.signal?.removeEventListener("abort", this.close);
    this.#drop();
    this.#queue.end(error);
  }

  /** Lets go of the connection and of whatever was waited for. */
  #drop(): void {
    clearTimeout(this.#timer);
    const connection = this.#connection;
    this.#connection = undefined;
    this.#conversation = undefined;
    connection?.close();
  }

  readonly #open = (): void => {
    if (this.#queue.ended) return;
    if (this.#queue.full) {
      this.#waitsForRoom = true;
      return;
    }
    this.#answeredAt = undefined;
    this.#progressed = false;
    const { filter, snapshot, connectTimeoutMs } = this.#options;
    const conversation = new Conversation({ attempt: ++this.#attempts, snapshot });
    this.#conversation = conversation;
    this.#await(connectTimeoutMs, `no answer within ${connectTimeoutMs} ms`);
    const request = { since: this.#received, filter, snapshot };
    // A connection that was dropped may still have something to say: only the present one is heard.
    const present = () => this.#conversation === conversation;
    this.#connection = this.#connect(request, {
      message: (text) => {
        if (present()) this.#take(conversation, text);
      },
      end: (end) => {
        if (present()) this.#lose(end);
      },
    });
  };

  #take(conversation: Conversation, text: string): void {
    const outcome = conversation.take(text, this.#yield);
    if (outcome.kind === "refused" || outcome.kind === "lost") {
      this.#lose({ reason: outcome.reason, fatal: outcome.kind === "refused" });
      return;
    }
    if (outcome.kind === "established") {
      this.#attempts = 0;
      this.#answeredAt = performance.now();
      this.#silenceMs = this.#options.heartbeatTimeoutMs ?? (outcome.heartbeatMs * heartbeatsMissed || undefined);
    }
    if (conversation.established) this.#listen();
    if (this.#queue.full) this.#slowDown();
  }

  readonly #yield = (item: SocketItem): void => {
    if (item.type === "event" && item.cursor === null && this.#queue.full && !this.#canPause()) {
      this.#unread++;
      return;
    }
    this.#queue.push(item);
    if (item.type === "event" || item.type === "gap") this.#progressed = true;
    if (item.type === "connected") {
      // Without a log nobody knows what went by between two connections.
      if (this.#mayHaveMissed && !item.replay) this.#queue.push({ type: "gap", missed: null, cursor: null });
      this.#mayHaveMissed = !item.replay;
    }
    this.#received = placeAfter(item, this.#received ?? null) ?? undefined;
  };

  #canPause(): boolean {
    return this.#connection?.pause !== undefined;
  }

  #slowDown(): void {
    if (this.#connection?.pause !== undefined) {
      // Silence is our own doing now.
      clearTimeout(this.#timer);
      this.#connection.pause();
    } else if (this.#received !== undefined && this.#progressed) {
      // Not before it has: the next one would begin with the same, and get no further.
      this.#waitsForRoom = true;
      this.#drop();
    }
  }

  readonly #onRoom = (): void => {
    if (this.#queue.ended) return;
    if (this.#unread > 0) {
      this.#queue.push({ type: "gap", missed: this.#unread, cursor: null });
      this.#unread = 0;
    }
    if (this.#waitsForRoom) {
      this.#waitsForRoom = false;
      this.#open();
    } else if (this.#connection?.resume !== undefined) {
      this.#connection.resume();
      if (this.#conversation?.established === true) this.#listen();
    }
  };

  #listen(): void {
    if (this.#silenceMs !== undefined) this.#await(this.#silenceMs, `silent for ${this.#silenceMs} ms`);
  }

  /** Gives the connection up unless something comes by then. */
  #await(ms: number, reason: string): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#lose({ reason }), timerMs(ms));
  }

  #lose({ reason, fatal, cause }: ConnectionEnd): void {
    this.#drop();
    const because = cause === undefined ? undefined : { cause };
    if (fatal === true) {
      this.#end(new LoopsError("LOOPS_SOCKET_REFUSED", `[socket/client] ${this.#where}: ${reason}`, because));
      return;
    }
    const { maxRetries } = this.#options.retry;
    if (this.#attempts > maxRetries) {
      const attempts = `${this.#attempts} attempts, the last one: ${reason}`;
      const message = `[socket/client] ${this.#where} cannot be reached (${attempts}); is the program running?`;
      this.#end(new LoopsError("LOOPS_SOCKET_UNREACHABLE", message, because));
      return;
    }
    const { retry } = this.#options;
    // One that answers and hangs up at once, again and again, is not asked ever faster.
    const held = this.#answeredAt !== undefined && performance.now() - this.#answeredAt >= retry.maxMs;
    this.#pauses = held ? 1 : this.#pauses + 1;
    const retryInMs = Math.round(backoffMs(this.#pauses, retry));
    this.#queue.push({ type: "disconnected", reason, retryInMs });
    this.#timer = setTimeout(this.#open, retryInMs);
  }
}

/** Where a reader is that was at `before`: a hello and its snapshot tell the head of the log, which it may not have reached. */
function placeAfter(item: SocketItem, before: Cursor | null): Cursor | null {
  if (item.type === "disconnected") return before;
  return item.type === "event" || item.type === "gap" ? (item.cursor ?? before) : (before ?? item.cursor);
}
