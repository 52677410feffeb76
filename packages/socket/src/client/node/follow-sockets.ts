import { type Dirent, promises } from "node:fs";
import { join, resolve } from "node:path";
import { type FollowOptions, resolveFollowOptions, wrong } from "../follow-options.js";
import { ItemQueue } from "../item-queue.js";
import type { SocketFeed } from "../socket-feed.js";
import type { SocketItem } from "../socket-item.js";
import { followSocket } from "./follow-socket.js";

/** Options of {@link followSockets}: those of each feed but for its place, which differs from one to the next. */
export interface FollowSocketsOptions extends Omit<FollowOptions, "since"> {
  /** All `*.sock` in there are followed, those that come later too. It need not be there yet. */
  readonly directory: string;
  /** How often the directory is looked at, in ms. @default 500 */
  readonly scanIntervalMs?: number | undefined;
  /** At most so many at a time; further ones wait until one is gone. @default 64 */
  readonly maxSources?: number | undefined;
}

/** An item with the path of the socket that it comes from; `left` when that socket is there no more. */
export type SourcedItem = (SocketItem | { readonly type: "left" }) & { readonly source: string };

/**
 * Follows every program that has a socket in a directory, as one stream. In order for each source; between sources there
 * is no order but that of arrival. A socket that nobody answers is tried again as long as it lies there.
 *
 * @throws LoopsError `LOOPS_CONFIG`, `LOOPS_FILTER`
 */
export function followSockets(options: FollowSocketsOptions): DirectoryFeed {
  const { directory, scanIntervalMs = 500, maxSources = 64, ...feed } = options;
  if (typeof directory !== "string" || directory === "") throw wrong("directory must name one", directory);
  if (!(scanIntervalMs > 0)) throw wrong("scanIntervalMs must be a number above 0", scanIntervalMs);
  if (!(maxSources >= 1)) throw wrong("maxSources must be a number from 1", maxSources);
  // What is wrong with the options of the feeds is told now, not when the first socket appears.
  const { maxQueueItems, signal } = resolveFollowOptions(feed, []);
  return new DirectoryFeed({ directory: resolve(directory), scanIntervalMs, maxSources, maxQueueItems, signal }, feed);
}

interface DirectoryFeedOptions {
  readonly directory: string;
  readonly scanIntervalMs: number;
  readonly maxSources: number;
  readonly maxQueueItems: number;
  readonly signal: AbortSignal | undefined;
}

/** The feeds of a directory, put into one. Ends by `close`, `return` (a `break`), or its signal. */
export class DirectoryFeed implements AsyncIterableIterator<SourcedItem, undefined, undefined> {
  readonly #options: DirectoryFeedOptions;
  readonly #feedOptions: FollowOptions;
  readonly #feeds = new Map<string, SocketFeed>();
  readonly #queue: ItemQueue<SourcedItem>;
  #room = withResolvers();
  #timer: NodeJS.Timeout | undefined;
  #started = false;

  constructor(options: DirectoryFeedOptions, feedOptions: FollowOptions) {
    this.#options = options;
    // The signal ends this feed, and this feed ends the others.
    this.#feedOptions = { ...feedOptions, signal: undefined };
    this.#queue = new ItemQueue(options.maxQueueItems, () => {
      this.#room.resolve();
      this.#room = withResolvers();
    });
  }

  /** The sockets that are followed now. */
  get sources(): readonly string[] {
    return [...this.#feeds.keys()];
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<SourcedItem, undefined>> {
    if (!this.#started) this.#start();
    return this.#queue.take();
  }

  return(): Promise<IteratorResult<SourcedItem, undefined>> {
    this.close();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** Ends it and every connection; what was received and not read is gone. Idempotent. */
  readonly close = (): void => {
    this.#options.signal?.removeEventListener("abort", this.close);
    clearTimeout(this.#timer);
    for (const feed of this.#feeds.values()) feed.close();
    this.#feeds.clear();
    this.#queue.clear();
    this.#queue.end();
    this.#room.resolve();
  };

  [Symbol.dispose](): void {
    this.close();
  }

  #start(): void {
    this.#started = true;
    const { signal } = this.#options;
    signal?.addEventListener("abort", this.close, { once: true });
    if (signal?.aborted === true) this.close();
    else void this.#scan();
  }

  /** Takes up what has appeared, lets go of what is gone, and comes again. */
  async #scan(): Promise<void> {
    const { directory, maxSources, scanIntervalMs } = this.#options;
    await this.#whenRoom();
    const present = await socketsIn(directory);
    if (this.#queue.ended) return;
    for (const source of this.#feeds.keys()) if (!present.includes(source)) this.#leave(source);
    for (const source of present) {
      if (this.#feeds.has(source) || this.#feeds.size >= maxSources) continue;
      void this.#follow(source);
    }
    this.#timer = setTimeout(() => void this.#scan(), scanIntervalMs);
  }

  async #follow(source: string): Promise<void> {
    let feed: SocketFeed | undefined;
    const left = () => this.#feeds.get(source) !== feed;
    try {
      feed = followSocket({ ...this.#feedOptions, path: source });
      this.#feeds.set(source, feed);
      for await (const item of feed) {
        // A source waits while the reader is slow; its own queue and its server's bound the rest.
        await this.#whenRoom();
        if (left()) return;
        this.#queue.push({ ...item, source });
      }
    } catch (error) {
      await this.#whenRoom();
      if (left()) return;
      // One that cannot be followed is told of and looked at again at the next scan.
      const reason = error instanceof Error ? error.message : String(error);
      this.#queue.push({ type: "disconnected", reason, retryInMs: this.#options.scanIntervalMs, source });
      this.#feeds.delete(source);
    }
  }

  async #whenRoom(): Promise<void> {
    while (this.#queue.full && !this.#queue.ended) await this.#room.promise;
  }

  #leave(source: string): void {
    this.#feeds.get(source)?.close();
    this.#feeds.delete(source);
    this.#queue.push({ type: "left", source });
  }
}

async function socketsIn(directory: string): Promise<readonly string[]> {
  let entries: Dirent[];
  try {
    entries = await promises.readdir(directory, { withFileTypes: true });
  } catch {
    // Not there, or not to be read now: nothing to follow, and the next look may find more.
    return [];
  }
  return entries
    .filter((entry) => entry.name.endsWith(".sock") && !entry.isDirectory())
    .map((entry) => join(directory, entry.name))
    .sort();
}

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
