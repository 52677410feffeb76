import { StringDecoder } from "node:string_decoder";

const blockBytes = 16 * 1024;

/** Keeps what a stream said, up to a bound. */
export interface BoundedOutput {
  write(chunk: Buffer): void;
  /** As UTF-8; what is not UTF-8 becomes U+FFFD. */
  text(): string;
}

/**
 * Keeps output whole up to `maxBytes`; beyond, its first and its last half of that, with a line between them that says
 * how many bytes were cut: how a command began and how it ended is what people and evaluators look for.
 */
export function boundedOutput(maxBytes: number): BoundedOutput {
  const headBytes = Math.ceil(maxBytes / 2);
  const tailBytes = maxBytes - headBytes;
  const head = new Blocks();
  const tail = new Blocks();
  let cutBytes = 0;

  return {
    write: (chunk) => {
      const toHead = Math.min(chunk.length, headBytes - head.size);
      head.push(chunk.subarray(0, toHead));
      tail.push(chunk.subarray(toHead));
      cutBytes += tail.shrinkTo(tailBytes);
    },
    text: () => {
      const end = tail.bytes();
      const tooMany = Math.max(0, end.length - tailBytes);
      const cut = cutBytes + tooMany;
      if (cut === 0) return Buffer.concat([head.bytes(), end]).toString("utf8");
      const from = startOfCharacter(end, tooMany);
      // Unfinished characters at the cut are cut too: the decoder is not told of the end.
      const begin = new StringDecoder("utf8").write(head.bytes());
      return `${begin}\n[... ${cut} bytes cut ...]\n${end.toString("utf8", from)}`;
    },
  };
}

/** The first byte from `at` on that begins a character: at most three belong to the one before. */
function startOfCharacter(bytes: Buffer, at: number): number {
  let from = at;
  while (from < at + 3 && ((bytes[from] ?? 0) & 0xc0) === 0x80) from += 1;
  return from;
}

/** Bytes in blocks: a stream of single bytes costs no more than one of large chunks. */
class Blocks {
  size = 0;
  readonly #blocks: Buffer[] = [];
  /** Bytes in use in the last block. */
  #used = 0;

  push(chunk: Buffer): void {
    for (let from = 0; from < chunk.length; ) {
      let block = this.#blocks.at(-1);
      if (block === undefined || this.#used === block.length) {
        block = Buffer.allocUnsafeSlow(blockBytes);
        this.#blocks.push(block);
        this.#used = 0;
      }
      const copied = chunk.copy(block, this.#used, from);
      this.#used += copied;
      this.size += copied;
      from += copied;
    }
  }

  /** Drops whole blocks from the front while at least `bytes` remain. Returns how many bytes that were. */
  shrinkTo(bytes: number): number {
    let dropped = 0;
    while (this.#blocks.length > 1 && this.size - blockBytes >= bytes) {
      this.#blocks.shift();
      this.size -= blockBytes;
      dropped += blockBytes;
    }
    return dropped;
  }

  bytes(): Buffer {
    return Buffer.concat(this.#blocks, this.size);
  }
}
