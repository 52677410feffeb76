import { compileFilter, type Deadline, errorMessage, LoopsError, startDeadline } from "@loops/core";
import type { Broadcast, Listener } from "./broadcast.js";
import type { Channel } from "./channel.js";
import { type ClientRequest, parseRequest } from "./client-request.js";
import type { ClientCounts, CutOffReason } from "./client-stats.js";
import { DropReports } from "./drop-reports.js";
import { type ClosingReason, closingFrame, errorFrame, gapFrame, heartbeatFrame, helloFrame } from "./frames.js";
import { Outbox } from "./outbox.js";
import { Part } from "./part.js";
import { ReplayFeed } from "./replay-feed.js";
import { headOf, takeSnapshot } from "./snapshot.js";
import type { ResolvedOptions } from "./socket-options.js";

export interface SessionContext {
  readonly options: ResolvedOptions;
  readonly broadcast: Broadcast;
  readonly counts: ClientCounts;
  report(error: unknown): void;
  /** The connection is over. */
  onEnd(session: Session): void;
}

/** One client, from its connection to its end. */
export class Session {
  readonly #context: SessionContext;
  readonly #channel: Channel;
  readonly #name: string;
  readonly #outbox: Outbox;
  readonly #drops: DropReports;
  #listener: Listener | undefined;
  #feed: ReplayFeed | undefined;
  #requested = false;
  #ending = false;
  #ended = false;
  #lastSentAt = performance.now();
  /** Raised by what makes an answer under way worthless: a request, the end. */
  #generation = 0;

  constructor(number: number, channel: Channel, context: SessionContext) {
    this.#context = context;
    this.#channel = channel;
    this.#name = `client ${number} (${channel.face})`;
    const { maxClientFrames, maxClientBytes } = context.options;
    this.#drops = new DropReports((frames) =>
      this.#report("LOOPS_OVERFLOW", `does not keep up: ${frames} frames dropped; it is told how many it missed`),
    );
    this.#outbox = new Outbox({
      socket: channel.socket,
      encoding: channel.encoding,
      maxFrames: maxClientFrames,
      maxBytes: maxClientBytes,
      onDrop: (frames) => {
        context.counts.droppedFrames += frames;
        this.#drops.count(frames);
      },
    });
    channel.socket.on("error", this.#onError).on("close", this.#onClose);
  }

  get outbox(): Outbox {
    return this.#outbox;
  }

  /** Begins as a plain client, or with the request that came with the connection. */
  start(request?: ClientRequest): void {
    if (request === undefined) void this.#servePlain();
    else this.#serve(request);
  }

  /** A request came as text, or what should be one. */
  request(text: string): void {
    if (this.#ending) return;
    try {
      if (this.#requested) throw new LoopsError("LOOPS_SOCKET_REQUEST", "a client sends one request; connect again");
      this.#serve(parseRequest(text));
    } catch (error) {
      this.refuse(errorMessage(error));
    }
  }

  /** Ends the connection because of what the client sent. */
  refuse(why: string): void {
    if (this.#ending) return;
    this.#channel.stopReading();
    this.#outbox.clear();
    this.#send([errorFrame(why)]);
    this.cutOff("protocol");
  }

  /** The connection is being ended already because of what the client sent: nothing may follow. */
  violated(error: Error): void {
    if (this.#ending || this.#ended) return;
    this.#leave();
    this.#outbox.clear();
    this.#context.counts.cutOff.protocol++;
    this.#report("LOOPS_SOCKET_CLIENT", `sent what it may not: ${error.message}`, error);
  }

  /** Snapshot first, then every event from the moment of the connection on. */
  async #servePlain(): Promise<void> {
    const generation = ++this.#generation;
    if (this.#context.options.snapshot === undefined) {
      this.#listen(undefined);
      return;
    }
    // Events wait behind the snapshot, so nothing falls between the two.
    this.#outbox.hold();
    this.#listen(undefined);
    const cursor = await headOf(this.#context);
    const frames = await takeSnapshot(this.#context, cursor);
    if (generation !== this.#generation) return;
    this.#outbox.prepend(this.#parts(frames).parts);
    this.#outbox.release();
  }

  #serve(request: ClientRequest): void {
    this.#requested = true;
    const generation = ++this.#generation;
    this.#unlisten();
    this.#outbox.clear();
    this.#outbox.release();
    this.#answer(request, generation).catch((error) => {
      if (generation !== this.#generation) return;
      this.#failLog(error);
      this.end("close");
    });
  }

  #failLog(error: unknown): void {
    this.#report("LOOPS_SOCKET_REPLAY", `cannot be served, the log failed: ${errorMessage(error)}`, error);
  }

  async #answer({ since, filter, snapshot }: ClientRequest, generation: number): Promise<void> {
    const { log, heartbeatMs } = this.#context.options;
    const cursor = await headOf(this.#context, true);
    if (generation !== this.#generation) return;
    if (log === undefined) {
      this.#outbox.hold();
      this.#listen(filter);
    }
    const frames = snapshot ? await takeSnapshot(this.#context, cursor) : [];
    if (generation !== this.#generation) return;
    const { parts, count } = this.#parts(frames);
    const hello = helloFrame({ replay: log !== undefined, cursor, snapshots: count, heartbeatMs });
    const gap = log === undefined && since !== undefined ? [new Part([gapFrame({ missed: null })])] : [];
    this.#outbox.prepend([new Part([hello]), ...parts, ...gap]);
    this.#outbox.release();
    if (log === undefined || cursor === null) return;
    this.#feed = new ReplayFeed(log, { since: since ?? cursor, filter, outbox: this.#outbox });
    await this.#feed.run();
    // The log has ended: nothing will come any more.
    if (generation === this.#generation) this.end("close");
  }

  /** As many frames of a snapshot as the queue may hold, and where that is not all, a gap. */
  #parts(frames: readonly string[]): { parts: Part[]; count: number } {
    if (frames.length === 0) return { parts: [], count: 0 };
    const { maxClientFrames, maxClientBytes } = this.#context.options;
    const fitting = new Part(frames).fitting(this.#channel.encoding, maxClientFrames, maxClientBytes);
    const count = fitting?.texts.length ?? 0;
    const missed = frames.length - count;
    const parts = fitting === undefined ? [] : [fitting];
    if (missed === 0) return { parts, count };
    this.#context.counts.droppedFrames += missed;
    this.#drops.count(missed);
    return { parts: [...parts, new Part([gapFrame({ missed })])], count };
  }

  #listen(filter: string | readonly string[] | undefined): void {
    const matches = filter === undefined ? undefined : compileFilter(filter);
    this.#listener = { outbox: this.#outbox, matches };
    this.#context.broadcast.add(this.#listener);
  }

  #unlisten(): void {
    if (this.#listener !== undefined) this.#context.broadcast.remove(this.#listener);
    this.#listener = undefined;
  }

  #send(texts: readonly string[]): void {
    this.#outbox.push(new Part(texts));
  }

  /** Looks after it from time to time: sends a heartbeat, cuts it off when it takes nothing. */
  tend(now: number): void {
    if (this.#ended) return;
    const { slowClientTimeoutMs, heartbeatMs } = this.#context.options;
    if (this.#outbox.blocked) {
      if (now - this.#outbox.progressAt >= slowClientTimeoutMs) this.cutOff("slow");
      return;
    }
    if (this.#outbox.takeWrote()) this.#lastSentAt = now;
    if (this.#requested && !this.#ending && now - this.#lastSentAt >= heartbeatMs) {
      this.#send([heartbeatFrame(this.#feed?.cursor ?? null)]);
    }
  }

  /** Ends it because of what it did or did not do; what waits for it is lost, and counted. */
  cutOff(reason: CutOffReason): void {
    if (this.#ended) return;
    this.#context.counts.cutOff[reason]++;
    const what = { slow: "takes nothing", protocol: "sent what it may not", unresponsive: "answers no ping" }[reason];
    this.#report("LOOPS_SOCKET_CLIENT", `${what}, and is cut off`);
    if (reason !== "protocol") {
      this.#over(reason);
      this.#channel.destroy();
      return;
    }
    this.end("protocol");
  }

  /** Ends it in order: after what waits, the last frame. */
  end(reason: ClosingReason): void {
    if (this.#ending || this.#ended) return;
    this.#leave();
    this.#outbox.release();
    this.#send([closingFrame(reason)]);
    void this.#outbox.idle().then(() => this.#ended || this.#channel.end(reason));
  }

  /** No event comes any more. */
  #leave(): void {
    this.#ending = true;
    this.#generation++;
    this.#unlisten();
    this.#feed?.stop();
  }

  /** What waits is written, or given up at the deadline. Then the connection ends. Never rejects. */
  async drain(deadline: Deadline): Promise<void> {
    if (this.#ended) return;
    const over = new Promise<void>((resolve) => this.#channel.socket.once("close", () => resolve()));
    const drained = async () => {
      // A log that fails now has nothing more to give.
      await this.#feed?.finish().catch((error) => this.#failLog(error));
      this.end("close");
      await over;
    };
    await startDeadline(deadline, 0).wait(drained());
    this.#over("deadline");
    this.#channel.destroy();
  }

  readonly #onError = (error: Error): void => {
    // A client that goes away in the middle of a write is no trouble of ours.
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EPIPE" || code === "ECONNRESET" || code?.startsWith("WS_ERR")) return;
    this.#report("LOOPS_SOCKET_CLIENT", `failed: ${error.message}`, error);
  };

  readonly #onClose = (): void => this.#over(undefined);

  #over(lostBecause: string | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#generation++;
    this.#unlisten();
    this.#feed?.stop();
    this.#context.counts.lostFrames += this.#outbox.close(lostBecause);
    this.#drops.end();
    this.#context.onEnd(this);
  }

  #report(code: string, what: string, cause?: unknown): void {
    this.#context.report(
      new LoopsError(code, `[socket] ${this.#name} ${what}`, cause === undefined ? undefined : { cause }),
    );
  }
}
