const newline = 0x0a;

/** One line of a byte stream, with its place. */
export interface Line {
  /** Offset of the first byte. */
  readonly start: number;
  /** Offset behind the line end; of the end of the stream for a torn line. */
  readonly end: number;
  /** Without the line end; `null` where the line is longer than the bound. Valid until the next `push`: copy to keep. */
  readonly bytes: Buffer | null;
  /** The stream ended before the line did. */
  readonly torn: boolean;
}

export interface LineSplitterOptions {
  /** Offset of the first byte that is pushed. @default 0 */
  readonly start?: number | undefined;
  /** A longer line is not kept, only measured. @default 64 MiB */
  readonly maxLineBytes?: number | undefined;
}

/** Cuts a stream of chunks into lines, wherever the chunks end. Holds at most one line. */
export class LineSplitter {
  readonly #maxLineBytes: number;
  #start: number;
  #offset: number;
  #parts: Buffer[] = [];
  #partBytes = 0;
  #tooLong = false;

  constructor(options: LineSplitterOptions = {}) {
    this.#maxLineBytes = options.maxLineBytes ?? 64 * 1024 * 1024;
    this.#start = options.start ?? 0;
    this.#offset = this.#start;
  }

  /** Where the line that is not complete yet begins: read on from here and nothing is lost or doubled. */
  get pending(): number {
    return this.#start;
  }

  /** The lines that `chunk` completes. The splitter does not keep `chunk` itself: it may be used again. */
  *push(chunk: Buffer): Generator<Line, void, undefined> {
    let from = 0;
    for (;;) {
      const to = chunk.indexOf(newline, from);
      if (to === -1) break;
      const piece = chunk.subarray(from, to);
      this.#offset += piece.length + 1;
      from = to + 1;
      yield this.#complete(piece, false);
    }
    const rest = chunk.subarray(from);
    this.#offset += rest.length;
    if (rest.length > 0) this.#keep(rest);
  }

  /** The last line, if the stream did not end with a line end. */
  end(): Line | null {
    return this.#offset > this.#start ? this.#complete(Buffer.alloc(0), true) : null;
  }

  #keep(piece: Buffer): void {
    if (this.#tooLong || this.#partBytes + piece.length > this.#maxLineBytes) {
      this.#tooLong = true;
      this.#parts = [];
      return;
    }
    this.#parts.push(Buffer.from(piece));
    this.#partBytes += piece.length;
  }

  #complete(piece: Buffer, torn: boolean): Line {
    const tooLong = this.#tooLong || this.#partBytes + piece.length > this.#maxLineBytes;
    const bytes = tooLong ? null : this.#parts.length === 0 ? piece : Buffer.concat([...this.#parts, piece]);
    const line: Line = { start: this.#start, end: this.#offset, bytes, torn };
    this.#start = this.#offset;
    this.#parts = [];
    this.#partBytes = 0;
    this.#tooLong = false;
    return line;
  }
}
