import { setTimeout as sleep } from "node:timers/promises";
import { backoffMs, errorMessage, LoopsError, timerMs } from "@loops/core";
import { Connection, type ConnectionOptions, isReplyError, withoutArguments } from "./connection.js";
import { inBytesWhereDoubtful } from "./doubtful-bytes.js";
import type { RawEntry, TextEntry } from "./entry.js";
import type { OwnClient } from "./redis-client.js";
import { beforeAll } from "./stream-id.js";
import { type Gap, gapBehind, type Place, type StreamState, streamState } from "./stream-state.js";

export interface PartitionReaderOptions {
  readonly connection: ConnectionOptions;
  readonly key: string;
  /** An id, or `$` for what comes from now on. */
  readonly lastId: string;
  readonly blockMs: number;
  readonly count: number;
  readonly commandTimeoutMs: number;
  readonly retry: { readonly maxRetries: number; readonly baseMs: number; readonly maxMs: number };
  readonly signal: AbortSignal;
  /** Is told where `$` was. */
  onStart(id: string): void;
  /** Is told each attempt that failed. */
  report(error: unknown): void;
}

/** What one read has brought: entries, or before them the sign that some are gone. */
export interface Arrival {
  readonly gap?: Gap | undefined;
  readonly entries: readonly (RawEntry | TextEntry)[];
}

/** Reads one stream for ever, over a connection of its own, because a blocking read holds up all others. */
export class PartitionReader {
  readonly #options: PartitionReaderOptions;
  readonly #connection: Connection;
  /** `undefined` until it is known where to begin: `$` is asked for once, so that nothing falls between two reads. */
  #place: Place | undefined;
  /** Whoever begins with the oldest entry misses none of those that were gone before. */
  #fromStart: boolean;
  /** Whether there was more than the last read could bring. */
  #behind = true;
  #failures = 0;
  /** What is read while the entries before it are being handled. */
  #ahead: Promise<Arrival | undefined> | undefined;

  constructor(options: PartitionReaderOptions) {
    this.#options = options;
    this.#connection = new Connection("redis-stream", options.connection);
    const { lastId } = options;
    if (lastId !== "$") this.#place = { id: lastId.includes("-") ? lastId : `${lastId}-0`, n: null };
    this.#fromStart = this.#place?.id === beforeAll;
  }

  /**
   * Waits for more, once. `undefined` when nothing came, or after a failure, which is reported, and the pause that belongs to
   * it; rejects when the signal is aborted.
   */
  async next(): Promise<Arrival | undefined> {
    const { signal, retry, report, key } = this.#options;
    const ahead = await this.#ahead;
    this.#ahead = undefined;
    if (ahead !== undefined) return ahead;
    signal.throwIfAborted();
    try {
      const arrival = await this.#read();
      this.#failures = 0;
      return arrival;
    } catch (error) {
      signal.throwIfAborted();
      this.#failures++;
      report(isReplyError(error) ? refused(key, error) : error);
      await sleep(timerMs(backoffMs(this.#failures, retry)), undefined, { signal });
      return undefined;
    }
  }

  /** Begins to read what is known to be there. Does not wait for what may come: that would keep the process alive. */
  readAhead(): void {
    // The read that follows one that failed fails as well, and tells.
    if (this.#behind) this.#ahead = this.#read().catch(() => undefined);
  }

  close(): void {
    this.#connection.close();
  }

  async #read(): Promise<Arrival | undefined> {
    this.#place ??= await this.#end();
    return this.#behind ? this.#readBacklog(this.#place) : this.#wait(this.#place);
  }

  /**
   * Reads what is there, beginning with the entry that was read last: as long as that is there, nothing behind it can have
   * been trimmed.
   */
  async #readBacklog(place: Place): Promise<Arrival | undefined> {
    const { key, count } = this.#options;
    const [from, known] = this.#fromStart ? ["-", 0] : [place.id, 1];
    const work = (client: OwnClient) => client.xrange(key, from, "+", "COUNT", count + known);
    const read = (await this.#run(0, work)) as unknown as TextEntry[];
    if (known === 1 && read[0]?.[0] !== place.id) return this.#readAtomically(place);
    return this.#arrived(read.slice(known), place);
  }

  /** Waits for more. Whether the last entry was still there when it came is asked behind it, which proves the same. */
  async #wait(place: Place): Promise<Arrival | undefined> {
    const { key, blockMs, count } = this.#options;
    const [read, held] = await this.#exchange(blockMs, (client) =>
      client
        .pipeline()
        .xread("COUNT", count, "BLOCK", blockMs, "STREAMS", key, place.id)
        .xrange(key, place.id, place.id)
        .exec(),
    );
    if (read === null) return this.#idle(place);
    const isHeld = this.#fromStart || (held as unknown[]).length > 0;
    return isHeld ? this.#arrived(entriesOf(read), place) : this.#readAtomically(place);
  }

  /** Nothing came. Whether that is because the stream is another one, whose ids are behind ours, is looked at now. */
  async #idle(place: Place): Promise<Arrival | undefined> {
    const state = await this.#state();
    const gap = this.#fromStart ? undefined : gapBehind(place, state);
    if (gap !== undefined) return this.#missed(gap);
    if (state.lastId === place.id) this.#place = { id: place.id, n: state.added };
    return undefined;
  }

  /** What the stream is, and what of it is behind us, at one moment. */
  async #readAtomically(place: Place): Promise<Arrival | undefined> {
    const { key, count } = this.#options;
    const [info, read] = await this.#exchange(0, (client) =>
      client.multi().xinfo("STREAM", key).xread("COUNT", count, "STREAMS", key, place.id).exec(),
    );
    const gap = gapBehind(place, streamState(info));
    if (gap === undefined) return this.#arrived(entriesOf(read), place);
    this.#missed(gap);
    return { gap, entries: (await this.#arrived(entriesOf(read), gap.place))?.entries ?? [] };
  }

  #missed(gap: Gap): Arrival {
    this.#place = gap.place;
    return { gap, entries: [] };
  }

  async #arrived(read: readonly TextEntry[], { n }: Place): Promise<Arrival | undefined> {
    const entries = await inBytesWhereDoubtful((work) => this.#run(0, work), this.#options.key, read);
    this.#behind = entries.length === this.#options.count;
    const last = read.at(-1);
    if (last === undefined) return undefined;
    this.#place = { id: last[0], n: n === null ? null : n + entries.length };
    this.#fromStart = false;
    return { entries };
  }

  async #end(): Promise<Place> {
    const { lastId, added } = await this.#state();
    this.#options.onStart(lastId);
    this.#behind = false;
    return { id: lastId, n: added };
  }

  async #state(): Promise<StreamState> {
    const { key } = this.#options;
    const [info] = await this.#exchange(0, (client) => client.pipeline().xinfo("STREAM", key).exec());
    return streamState(info);
  }

  /** Runs a pipeline and unwraps its answers. @param blockMs how long the server may keep silent */
  async #exchange(
    blockMs: number,
    work: (client: OwnClient) => Promise<[Error | null, unknown][] | null>,
  ): Promise<unknown[]> {
    const replies = await this.#run(blockMs, work);
    return (replies ?? []).map(([error, reply]) => {
      if (error !== null && !isNoSuchKey(error)) throw withoutArguments(error);
      return reply;
    });
  }

  #run<R>(blockMs: number, work: (client: OwnClient) => Promise<R>): Promise<R> {
    const { commandTimeoutMs, signal } = this.#options;
    return this.#connection.run(work, { timeoutMs: blockMs + commandTimeoutMs, signal });
  }
}

function refused(key: string, cause: Error): LoopsError {
  const message = `[redis-stream] reading ${key}: ${errorMessage(cause)}; it is tried again`;
  return new LoopsError("LOOPS_REDIS_COMMAND", message, { cause });
}

/** The entries in the answer to XREAD of one stream. */
function entriesOf(read: unknown): readonly TextEntry[] {
  return (read as [key: string, entries: TextEntry[]][] | null)?.[0]?.[1] ?? [];
}

/** A stream that is not there yet, or no more, is an empty one. */
function isNoSuchKey(error: Error): boolean {
  return error.message.includes("no such key");
}
