import { errorMessage, isLoopsError, LoopsError, startDeadline } from "@loops/core";
import {
  type ClientFactory,
  clientFactory,
  isRedisClient,
  keyPrefixOf,
  type OwnClient,
  type RedisClient,
  socketsOf,
} from "./redis-client.js";
import { requireOption } from "./require-option.js";

/** Where Redis is. */
export interface ConnectionOptions {
  /**
   * `redis://`, `rediss://` or the path of a Unix socket. Empty counts as absent.
   * @default the environment's `REDIS_URL`, else `redis://localhost:6379/0`
   */
  readonly url?: string | undefined;
  /** An ioredis client or cluster of your own, in place of `url`. It is not closed. */
  readonly client?: RedisClient | undefined;
  /** A connection has to be there within so long. @default 5000 */
  readonly connectTimeoutMs?: number | undefined;
}

/** How long an answer may take, and what ends the wait. */
export interface ExchangeLimits {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A connection of our own, made when it is first needed and made anew when it broke. One that does not answer in time
 * is cut: nothing that was sent over it can come to an answer later, so nothing overtakes.
 *
 * It keeps no process alive, but each exchange does, until its deadline.
 */
export class Connection {
  readonly #name: string;
  readonly #address: string;
  readonly #make: ClientFactory;
  readonly #connectTimeoutMs: number;
  #client: OwnClient | undefined;
  #opening: Promise<OwnClient> | undefined;
  #closed = false;
  /** What keys begin with, for the caller's client has a prefix of its own. */
  readonly keyPrefix: string;

  /** @param name begins each message: `redis-stream` */
  constructor(name: string, { url, client, connectTimeoutMs = 5000 }: ConnectionOptions) {
    const source = resolveSource(name, { url, client });
    this.#name = name;
    this.#address = typeof source === "string" ? redactUrl(source) : "the server of the client given";
    this.#make = clientFactory(source);
    this.#connectTimeoutMs = connectTimeoutMs;
    this.keyPrefix = keyPrefixOf(source);
  }

  /**
   * Runs commands, connecting before if need be.
   *
   * @param work gets a client that is ready; it makes its commands at once and waits for nothing else
   * @throws LoopsError `LOOPS_REDIS_CONNECTION` without a connection or without an answer in time (the connection is then
   * cut), or when it broke; `LOOPS_CLOSED` after `close`; an error that the server answered with, as it is
   */
  async run<R>(work: (client: OwnClient) => Promise<R>, { timeoutMs, signal }: ExchangeLimits): Promise<R> {
    const client = await this.#ready(signal);
    const due = startDeadline({ signal }, timeoutMs);
    const answer = work(client);
    try {
      if (await due.wait(answer)) return await answer;
    } catch (error) {
      throw this.asAnswered(error);
    }
    answer.catch(() => {});
    this.#cut(client);
    const why = signal?.aborted === true ? "the wait was ended" : `no answer within ${timeoutMs} ms`;
    throw this.#error(`${this.#address}: ${why}; the connection is cut`);
  }

  /** What a command failed with: an error that the server answered with as it is, without the arguments; any other says where. */
  asAnswered(error: unknown): unknown {
    if (isReplyError(error) || isLoopsError(error)) return withoutArguments(error);
    return this.#error(`${this.#address}: the connection broke: ${reasonText(error)}`, error);
  }

  /** Ends what is under way; the next `run` connects anew, and so asks sentinels or cluster again where the primary is. */
  renew(): void {
    if (this.#client !== undefined) this.#cut(this.#client);
  }

  /** Ends what is under way, and every later `run`. */
  close(): void {
    this.#closed = true;
    if (this.#client !== undefined) this.#cut(this.#client);
  }

  async #ready(signal: AbortSignal | undefined): Promise<OwnClient> {
    const present = this.#client;
    if (present?.status === "ready" && isWhole(present)) return present;
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined;
    });
    const opening = this.#opening;
    // Whoever waits may leave; the connection is for the next one, too.
    opening.catch(() => {});
    if (!(await startDeadline({ signal }, this.#connectTimeoutMs + 1000).wait(opening))) {
      throw this.#error(`${this.#address}: not connected when the wait was ended`);
    }
    return opening;
  }

  async #open(): Promise<OwnClient> {
    if (this.#client !== undefined) this.#cut(this.#client);
    if (this.#closed) throw new LoopsError("LOOPS_CLOSED", `[${this.#name}] is closed`);
    const client = await this.#make(this.#connectTimeoutMs);
    this.#client = client;
    // ioredis rejects with "Connection is closed."; the reason comes as an event.
    let reason: unknown;
    client.on("error", (error: unknown) => {
      reason = error;
    });
    const connected = client.connect().then(() => client.ping().catch(requireReply));
    let inTime = false;
    try {
      // A server that hangs accepts connections all the same: only one that has answered counts.
      inTime = await startDeadline(undefined, this.#connectTimeoutMs).wait(connected);
      if (!inTime) reason ??= `no answer within ${this.#connectTimeoutMs} ms`;
    } catch (error) {
      reason ??= error;
    }
    // One that is connected and was answered with an error all the same could not choose its database.
    if (inTime && !this.#closed && !isReplyError(reason) && isWhole(client)) return client;
    connected.catch(() => {});
    this.#cut(client);
    if (this.#closed) throw new LoopsError("LOOPS_CLOSED", `[${this.#name}] was closed while it connected`);
    throw this.#error(`cannot connect to ${this.#address}: ${reasonText(reason)}`, reason);
  }

  #cut(client: OwnClient): void {
    if (this.#client === client) this.#client = undefined;
    const sockets = socketsOf(client);
    client.disconnect();
    // A server that hangs would leave them half open.
    for (const socket of sockets) socket.destroy();
  }

  #error(message: string, cause?: unknown): LoopsError {
    return new LoopsError("LOOPS_REDIS_CONNECTION", `[${this.#name}] ${message}`, { cause: withoutArguments(cause) });
  }
}

/** Whether all that is there can be written to. Of a cluster there is more with time, and none is to keep the process alive. */
function isWhole(client: OwnClient): boolean {
  return socketsOf(client).every((socket) => {
    socket.unref?.();
    return socket.writable;
  });
}

/** An error that the server answered with is an answer. */
function requireReply(error: unknown): void {
  if (!isReplyError(error)) throw error;
}

/** Whether the server has answered with an error, such as `WRONGTYPE …`. */
export function isReplyError(error: unknown): error is Error {
  return error instanceof Error && error.name === "ReplyError";
}

/**
 * Takes the arguments out of an error of ioredis, which holds the command that failed: these are a password, or all the
 * events of a batch, and whoever logs the error would log them.
 */
export function withoutArguments<E>(error: E): E {
  if (typeof error !== "object" || error === null) return error;
  const { command, previousErrors = [] } = error as {
    command?: { args?: unknown };
    previousErrors?: readonly unknown[];
  };
  if (command !== undefined) delete command.args;
  previousErrors.forEach(withoutArguments);
  return error;
}

/** Several addresses of one name fail together, each for a reason of its own. */
function reasonText(reason: unknown): string {
  const { errors } = (reason ?? {}) as { errors?: readonly unknown[] };
  return errorMessage(reason) || (errors ?? []).map(errorMessage).join(", ") || "for no reason given";
}

/**
 * What tells where Redis is: the client, else the URL, else the environment.
 *
 * @throws LoopsError `LOOPS_CONFIG` when it is neither a client nor an address
 */
export function resolveSource(name: string, { client, url: given }: ConnectionOptions): RedisClient | string {
  if (client !== undefined) {
    requireOption(isRedisClient(client), "client", "must be a client or Cluster of ioredis", client);
    return client;
  }
  const url = given || process.env["REDIS_URL"] || "redis://localhost:6379/0";
  const isUrl = typeof url === "string" && /^rediss?:\/\//.test(url);
  if (isUrl ? URL.canParse(url) : typeof url === "string" && url.startsWith("/")) return url;
  const rule = isUrl
    ? "is no valid address (in a password, characters such as # and / are written as %23 and %2F):"
    : "must begin with redis:// or rediss://, or be the path of a socket, not";
  const shown = typeof url === "string" ? JSON.stringify(redactUrl(url)) : typeof url;
  throw new LoopsError("LOOPS_CONFIG", `[${name}] url ${rule} ${shown}`);
}

/** A URL as it may stand in a log. */
export function redactUrl(url: string): string {
  return url.replace(/\?.*$/s, "").replace(/\/\/.*@/s, "//***@");
}
