import { frameTexts } from "./web-socket-frame.js";

/** How frames are told apart on a connection: by line ends, or as WebSocket messages. */
export type Encoding = "lines" | "messages";

/** Is told what became of a part at one client. */
export interface Settler {
  /** The client's side of it is over: written, or given up. */
  settle(lostBecause: string | undefined): void;
}

const maxTextUnits = 8192;

/**
 * Frames that go out together. Encoded once for all clients that get the same ones: they share the bytes, and while
 * they wait, the memory.
 */
export class Part {
  readonly texts: readonly string[];
  /** Whom to tell; none for frames that nobody counts. */
  readonly settler: Settler | undefined;
  /** Of its events, in order: at least one for each text. None for frames that are no events. */
  readonly ids: readonly string[];
  #line: string | undefined;
  #lines: Buffer | undefined;
  #messages: Buffer | undefined;

  constructor(texts: readonly string[], settler?: Settler, ids: readonly string[] = []) {
    this.texts = texts;
    this.settler = settler;
    this.ids = ids;
  }

  /** What is written: a short line as text, which the system encodes faster than it takes a buffer. */
  data(encoding: Encoding): string | Buffer {
    const [text] = this.texts;
    if (encoding === "messages" || text === undefined || this.texts.length > 1 || text.length > maxTextUnits) {
      return this.bytes(encoding);
    }
    this.#line ??= `${text}\n`;
    return this.#line;
  }

  bytes(encoding: Encoding): Buffer {
    if (encoding === "messages") {
      this.#messages ??= frameTexts(this.texts);
      return this.#messages;
    }
    this.#lines ??= Buffer.from(this.texts.length === 1 ? `${this.texts[0]}\n` : `${this.texts.join("\n")}\n`);
    return this.#lines;
  }

  /** Without encoding a single text, where its length is answer enough: three bytes a unit, and what frames it. */
  #fits(encoding: Encoding, maxBytes: number): boolean {
    const [text = ""] = this.texts;
    if (this.texts.length === 1 && 3 * text.length + 10 <= maxBytes) return true;
    return this.bytes(encoding).length <= maxBytes;
  }

  /** The first frames of it, as many as `maxFrames` and `maxBytes` have room for. */
  fitting(encoding: Encoding, maxFrames: number, maxBytes: number): Part | undefined {
    let count = Math.min(this.texts.length, maxFrames);
    if (count === this.texts.length && this.#fits(encoding, maxBytes)) return this;
    let bytes = 0;
    for (let index = 0; index < count; index++) {
      bytes += Buffer.byteLength(this.texts[index] as string) + (encoding === "messages" ? 10 : 1);
      if (bytes > maxBytes) count = index;
    }
    return count > 0 ? new Part(this.texts.slice(0, count), this.settler, this.ids) : undefined;
  }
}
