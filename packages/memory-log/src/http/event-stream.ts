import { type Cursor, type EventLog, type TailItem, timerMs } from "@loops/core";
import { concatBytes } from "./concat-bytes.js";
import { heartbeatFrame, itemFrame } from "./sse-frame.js";

export interface EventStreamOptions {
  readonly since: Cursor;
  readonly filter: readonly string[] | undefined;
  /** The stream keeps it, not only its signal: Node collects a Request, and then its signal is never aborted. */
  readonly request: Request;
  /** What the reader gets at once, so that it has the headers as well. */
  readonly opening: string;
  readonly heartbeatMs: number;
  /** Called once, when nothing is held any longer. */
  readonly onEnd: () => void;
}

/** What the tail said to the last `next()`. */
type Outcome = { readonly item: TailItem } | { readonly error: unknown } | "done";

/** A chunk is not made longer once it has so many bytes. */
const maxChunkBytes = 64 * 1024;

const encoder = new TextEncoder();

/**
 * A tail as a stream of bytes. Nothing is done before the reader asks for more, and one item at most is held ahead of
 * it: what a slow reader has not read yet waits in the log, or becomes a gap there.
 *
 * It ends with the log, when the reader cancels, and when the request is aborted, whichever comes first.
 */
export class EventStream {
  readonly body: ReadableStream<Uint8Array>;
  readonly #options: EventStreamOptions;
  readonly #stop = new AbortController();
  readonly #items: AsyncIterator<TailItem>;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #opening: string;
  #outcome: Outcome | undefined;
  #asked = false;
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(log: Pick<EventLog, "tail">, options: EventStreamOptions) {
    const { since, filter, request, opening } = options;
    this.#options = options;
    this.#opening = opening;
    this.#items = log.tail({ since, filter, signal: this.#stop.signal })[Symbol.asyncIterator]();
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => this.#pull().catch((error: unknown) => this.#fail(error)),
        cancel: () => {
          this.#controller = undefined;
          return this.#end();
        },
      },
      { highWaterMark: 0 },
    );
    if (request.signal.aborted) this.#onAbort();
    else request.signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  /**
   * Whether the log is closed and there is nothing to read, as far as it says so within a turn of the event loop.
   *
   * @throws what the log throws
   */
  async atEnd(): Promise<boolean> {
    this.#ask();
    await undefined;
    if (this.#outcome === undefined && !this.#ended) await new Promise((resolve) => setTimeout(resolve, 0));
    const outcome = this.#outcome as Outcome | undefined;
    if (outcome === undefined || (outcome !== "done" && "item" in outcome)) return false;
    await this.#end();
    if (outcome === "done") return true;
    throw outcome.error;
  }

  async #pull(): Promise<void> {
    if (this.#opening !== "") {
      this.#send([encoder.encode(this.#opening)]);
      this.#opening = "";
      return;
    }
    this.#ask();
    if (!(await this.#hasOutcome())) return this.#send([encoder.encode(heartbeatFrame)]);
    const frames: Uint8Array[] = [];
    for (let bytes = 0; bytes < maxChunkBytes; ) {
      if (this.#outcome === undefined || this.#outcome === "done" || "error" in this.#outcome) break;
      const frame = encoder.encode(itemFrame(this.#outcome.item));
      this.#outcome = undefined;
      frames.push(frame);
      bytes += frame.length;
      this.#ask();
      // A tail that has the next item at hand has answered by the time this goes on.
      await undefined;
    }
    if (frames.length > 0) this.#send(frames);
    else await this.#finish();
  }

  #send(chunks: readonly Uint8Array[]): void {
    if (!this.#ended) this.#controller?.enqueue(concatBytes(chunks));
  }

  /** Has the tail say what comes next, once. */
  #ask(): void {
    if (this.#asked || this.#ended || this.#outcome !== undefined) return;
    this.#asked = true;
    const settle = (outcome: Outcome) => {
      this.#asked = false;
      this.#outcome = outcome;
      this.#wake?.();
    };
    this.#items.next().then(
      (result) => settle(result.done === true ? "done" : { item: result.value }),
      (error: unknown) => settle({ error }),
    );
  }

  /** Waits for the tail's word; `false` when it is time for a heartbeat first. */
  #hasOutcome(): Promise<boolean> {
    const { heartbeatMs } = this.#options;
    return new Promise((resolve) => {
      if (this.#outcome !== undefined || this.#ended) return resolve(true);
      // A heartbeat keeps a connection alive, not a process.
      const timer = heartbeatMs > 0 ? setTimeout(resolve, timerMs(heartbeatMs), false).unref() : undefined;
      this.#wake = () => {
        clearTimeout(timer);
        resolve(true);
      };
    });
  }

  /** The log has ended, or it has failed: so does the stream. */
  async #finish(): Promise<void> {
    const outcome = this.#outcome;
    if (this.#ended || outcome === undefined) return;
    await this.#end();
    if (outcome !== "done" && "error" in outcome) this.#controller?.error(outcome.error);
    else this.#controller?.close();
  }

  /** What cannot be sent ends the stream, too. */
  async #fail(error: unknown): Promise<never> {
    await this.#end();
    throw error;
  }

  readonly #onAbort = (): void => {
    this.#end().then(
      () => this.#controller?.close(),
      (error: unknown) => this.#controller?.error(error),
    );
  };

  /** Lets go of the tail, the timer, the signal and the place among the streams. */
  async #end(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    this.#options.request.signal.removeEventListener("abort", this.#onAbort);
    this.#stop.abort();
    this.#wake?.();
    this.#options.onEnd();
    await this.#items.return?.();
  }
}
