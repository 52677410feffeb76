import type { Socket } from "node:net";
import type { Encoding, Part } from "./part.js";

/**
 * So many bytes are written at once: progress of a slow client is seen in steps of this. Not of a WebSocket: its library
 * sends pings, pongs and the end by itself, at any moment, and those may stand between frames only.
 */
const sliceBytes = 131_072;

/** What is being handed to the operating system for one client, until it has taken all of it. */
export class Flight {
  readonly #socket: Socket;
  readonly #encoding: Encoding;
  readonly #onLanded: (parts: readonly Part[]) => void;
  #parts: readonly Part[] = [];
  /** What of them is still to be written. */
  #rest: Buffer[] = [];
  #issued = 0;
  #completed = 0;
  #wrote = false;
  /** When the operating system last took some of what it had kept waiting, or began to; `performance.now()`. */
  progressAt = 0;

  /** @param onLanded is told of what was taken, unless it was so at once */
  constructor(socket: Socket, encoding: Encoding, onLanded: (parts: readonly Part[]) => void) {
    this.#socket = socket;
    this.#encoding = encoding;
    this.#onLanded = onLanded;
  }

  /** Whether the operating system takes nothing more at present. */
  get underWay(): boolean {
    return this.#parts.length > 0;
  }

  get parts(): readonly Part[] {
    return this.#parts;
  }

  /** Whether anything was written since the last look. Without a clock, which every write would have to read. */
  takeWrote(): boolean {
    const wrote = this.#wrote;
    this.#wrote = false;
    return wrote;
  }

  /** Writes one part. Returns whether it was taken at once; the callback would say so only after this turn. */
  send(part: Part): boolean {
    const data = part.data(this.#encoding);
    if (data.length > sliceBytes && this.#encoding === "lines") return this.sendAll([part]);
    this.#write(data);
    if (this.#socket.writableLength === 0) return true;
    this.#parts = [part];
    this.progressAt = performance.now();
    return false;
  }

  /** Writes several, with few calls of the system. Returns whether all were taken at once. */
  sendAll(parts: readonly Part[]): boolean {
    this.#parts = parts;
    this.#rest = parts.flatMap((part) => {
      const bytes = part.bytes(this.#encoding);
      return this.#encoding === "lines" ? slicesOf(bytes) : [bytes];
    });
    const taken = this.#writeRest();
    if (taken) this.end();
    return taken;
  }

  /** Nothing lands any more. Returns what had not. */
  end(): readonly Part[] {
    const parts = this.#parts;
    this.#parts = [];
    this.#rest = [];
    return parts;
  }

  /** Returns whether nothing is left that the operating system has not taken. */
  #writeRest(): boolean {
    // A client that is leaving gets no more.
    while (this.#rest.length > 0 && this.#socket.writable) {
      this.#socket.cork();
      for (let bytes = 0; bytes < sliceBytes && this.#rest.length > 0; ) {
        const slice = this.#rest.shift() as Buffer;
        bytes += slice.length;
        this.#write(slice);
      }
      this.#socket.uncork();
      this.progressAt = performance.now();
      if (this.#socket.writableLength > 0) return false;
    }
    return true;
  }

  #write(data: string | Buffer): void {
    this.#issued++;
    this.#wrote = true;
    this.#socket.write(data, this.#onWritten);
  }

  readonly #onWritten = (error?: Error | null): void => {
    this.#completed++;
    // Node calls back without an error for what a connection that is gone has not taken.
    if (error || this.#socket.destroyed) return;
    if (this.#completed !== this.#issued || this.#parts.length === 0) return;
    this.progressAt = performance.now();
    if (this.#writeRest()) this.#onLanded(this.end());
  };
}

function slicesOf(bytes: Buffer): Buffer[] {
  if (bytes.length <= sliceBytes) return [bytes];
  const count = Math.ceil(bytes.length / sliceBytes);
  return Array.from({ length: count }, (_, n) => bytes.subarray(n * sliceBytes, (n + 1) * sliceBytes));
}
