import { type Deadline, LoopsError } from "@loops/core";
import type { Broadcast } from "./broadcast.js";
import type { Channel } from "./channel.js";
import type { ClientRequest } from "./client-request.js";
import { type ClientStats, newClientCounts } from "./client-stats.js";
import { Patience } from "./patience.js";
import { Session } from "./session.js";
import type { ResolvedOptions } from "./socket-options.js";

export interface ClientsContext {
  readonly options: ResolvedOptions;
  readonly broadcast: Broadcast;
  report(error: unknown): void;
}

/** The clients of all faces: how many there may be, who is there, and who looks after them. */
export class Clients {
  readonly #context: ClientsContext;
  readonly #sessions = new Set<Session>();
  readonly #counts = newClientCounts();
  /** For who waits until every client has its events. */
  readonly patience: Patience;
  #number = 0;
  #tending: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(context: ClientsContext) {
    this.#context = context;
    const outboxes = () => Array.from(this.#sessions, ({ outbox }) => outbox);
    this.patience = new Patience(outboxes, context.options.clientCloseTimeoutMs);
  }

  /** Whether one more would be one too many. */
  get full(): boolean {
    return this.#closed || this.#sessions.size >= this.#context.options.maxClients;
  }

  /** Counts and reports a connection that is turned away. */
  refuse(why: string): void {
    this.#counts.refused++;
    this.#context.report(new LoopsError("LOOPS_SOCKET_CLIENT", `[socket] a client was refused: ${why}`));
  }

  refuseFull(): void {
    const { maxClients } = this.#context.options;
    this.refuse(`there are ${maxClients} already, which is the limit (maxClients)`);
  }

  /** A client that may stay. Its events begin now. */
  add(channel: Channel, request?: ClientRequest): Session {
    const session = new Session(++this.#number, channel, {
      ...this.#context,
      counts: this.#counts,
      onEnd: (ended) => {
        this.#sessions.delete(ended);
        if (this.#sessions.size > 0) return;
        clearInterval(this.#tending);
        this.#tending = undefined;
      },
    });
    this.#counts.accepted++;
    this.#sessions.add(session);
    this.#tending ??= setInterval(() => setImmediate(this.#tend), this.#tendEveryMs()).unref();
    session.start(request);
    return session;
  }

  /** Often enough for the shortest of the times that are looked at here. */
  #tendEveryMs(): number {
    const { heartbeatMs, slowClientTimeoutMs } = this.#context.options;
    return Math.min(1000, Math.max(10, Math.min(heartbeatMs, slowClientTimeoutMs) / 4));
  }

  /** Behind the reading of a turn: a program that was suspended has yet to hear of its clients. */
  readonly #tend = (): void => {
    const now = performance.now();
    for (const session of this.#sessions) session.tend(now);
  };

  /** Ends every connection, side by side: by the deadline each client may take what waits for it. */
  async close(deadline: Deadline): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#sessions].map((session) => session.drain(deadline)));
  }

  stats(): ClientStats {
    let queuedFrames = 0;
    let queuedBytes = 0;
    for (const { outbox } of this.#sessions) {
      queuedFrames += outbox.frames;
      queuedBytes += outbox.bytes;
    }
    const { cutOff, ...counts } = this.#counts;
    return { connected: this.#sessions.size, ...counts, cutOff: { ...cutOff }, queuedFrames, queuedBytes };
  }
}
