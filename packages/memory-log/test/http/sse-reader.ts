import { createParser, type EventSourceMessage } from "eventsource-parser";

/** Reads a stream of Server-Sent Events as far as a test asks for, with a parser that is not ours. */
export class SseReader {
  readonly messages: EventSourceMessage[] = [];
  readonly comments: string[] = [];
  readonly retries: number[] = [];
  /** Fields that the standard does not know. */
  readonly errors: Error[] = [];
  /** The bytes of each chunk. */
  readonly chunks: number[] = [];
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #decoder = new TextDecoder("utf-8", { fatal: true });
  readonly #parser = createParser({
    onEvent: (message) => this.messages.push(message),
    onComment: (comment) => this.comments.push(comment),
    onRetry: (retry) => this.retries.push(retry),
    onError: (error) => this.errors.push(error),
  });

  constructor(body: ReadableStream<Uint8Array> | null) {
    if (body === null) throw new Error("there is no body");
    this.#reader = body.getReader();
  }

  /** Reads a chunk; `false` at the end. */
  async read(): Promise<boolean> {
    const { done, value } = await this.#reader.read();
    if (done) return false;
    this.chunks.push(value.length);
    this.#parser.feed(this.#decoder.decode(value, { stream: true }));
    return true;
  }

  /** Reads until so many messages are there, or to the end. */
  async until(count: number): Promise<this> {
    while (this.messages.length < count && (await this.read()));
    return this;
  }

  async toEnd(): Promise<this> {
    while (await this.read());
    return this;
  }

  cancel(): Promise<void> {
    return this.#reader.cancel();
  }

  /** The names of events, and gaps as what they say. */
  get shown(): unknown[] {
    return this.messages.map(({ event, data }) => (event === undefined ? JSON.parse(data).event : JSON.parse(data)));
  }
}
