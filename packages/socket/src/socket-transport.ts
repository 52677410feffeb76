import {
  createReporter,
  type Deadline,
  type EncodedEvent,
  type LoopEvent,
  startDeadline,
  type Transport,
  type TransportContext,
  type TransportStats,
  warnOnError,
} from "@loops/core";
import { Broadcast } from "./broadcast.js";
import type { ClientStats } from "./client-stats.js";
import { Clients } from "./clients.js";
import { PathFace } from "./path-face.js";
import { type ResolvedOptions, resolveOptions, type SocketTransportOptions } from "./socket-options.js";
import { defaultPaths } from "./socket-path.js";
import { WebSocketFace } from "./web-socket-face.js";

/** Where a transport listens: a face that does not is `undefined`. */
export interface SocketAddress {
  /** Absolute; on Windows the name of a pipe. */
  readonly path: string | undefined;
  /** For WebSocket clients. */
  readonly url: string | undefined;
}

/** A sink that shows events to whoever connects. */
export interface SocketTransport extends Transport {
  readonly name: "socket";
  /**
   * Resolves when every face listens. Rejects with the first error of one that cannot; the others go on, and events are
   * counted all the same. An error for which nobody waits here is reported.
   *
   * @throws LoopsError `LOOPS_SOCKET_HELD`, `LOOPS_SOCKET_PATH`, `LOOPS_SOCKET_LISTEN`
   */
  ready(): Promise<void>;
  /** Where it listens now. */
  address(): SocketAddress;
  readonly clients: ClientStats;
  send(event: LoopEvent, encoded: EncodedEvent): void;
  flush(deadline?: Deadline): Promise<void>;
  close(deadline?: Deadline): Promise<void>;
  stats(): TransportStats;
}

/**
 * Shows events live to clients of a Unix domain socket (on Windows a named pipe), of WebSockets, or of both: first a
 * snapshot of what is running, then every event.
 *
 * Guarantee: each client gets events in the order of emission, each at most once; with a log, a client that comes back
 * with its cursor gets each exactly once. `delivered` means that the operating system has taken the event for every
 * client that was there when it was emitted, and so at once where there was none; nothing is durable. A client that
 * does not keep up loses the newest events, is told how many, and delays nobody; they count as dropped (`overflow`).
 * `flush` waits for one that takes nothing no longer than `clientCloseTimeoutMs`, drops what waits for it (`slow`) and says so.
 *
 * @throws LoopsError `LOOPS_CONFIG` for options of the wrong kind, or not known
 */
export function socketTransport(options: SocketTransportOptions = {}): SocketTransport {
  return new SocketServer(resolveOptions(options));
}

class SocketServer implements SocketTransport {
  readonly name = "socket";
  readonly #options: ResolvedOptions;
  readonly #broadcast = new Broadcast();
  readonly #clients: Clients;
  readonly #pathFace: PathFace | undefined;
  readonly #webSocketFace: WebSocketFace | undefined;
  readonly #started: Promise<unknown>;
  readonly #reporter;
  #context: TransportContext | undefined;
  #awaited = false;
  #closing: Promise<void> | undefined;

  constructor(options: ResolvedOptions) {
    this.#options = options;
    this.#reporter = createReporter(this.name, (error, info) => {
      if (options.onError !== undefined) options.onError(error, info);
      else if (this.#context !== undefined) this.#context.report(error);
      else warnOnError(error, info);
    });
    const report = (error: unknown) => this.#reporter(error);
    this.#clients = new Clients({ options, broadcast: this.#broadcast, report });
    const { webSocket, heartbeatMs, maxClients } = options;
    const paths = pathsOf(options);
    if (paths.length > 0) this.#pathFace = new PathFace(this.#clients, report);
    if (webSocket !== undefined) {
      this.#webSocketFace = new WebSocketFace(this.#clients, webSocket, {
        pingMs: heartbeatMs,
        maxClients,
        onError: report,
      });
    }
    this.#started = this.#start([this.#pathFace?.start(paths), this.#webSocketFace?.start()]);
  }

  /** The first error, once both faces have tried. */
  async #start(faces: readonly (Promise<void> | undefined)[]): Promise<unknown> {
    const failures = (await Promise.allSettled(faces)).flatMap((face) =>
      face.status === "rejected" ? [face.reason as unknown] : [],
    );
    for (const failure of failures.slice(this.#awaited ? 1 : 0)) this.#reporter(failure);
    return failures[0];
  }

  attach(context: TransportContext): void {
    this.#context = context;
  }

  async ready(): Promise<void> {
    this.#awaited = true;
    const failure = await this.#started;
    if (failure !== undefined) throw failure;
  }

  address(): SocketAddress {
    return { path: this.#pathFace?.path, url: this.#webSocketFace?.url };
  }

  get clients(): ClientStats {
    return this.#clients.stats();
  }

  send(event: LoopEvent, encoded: EncodedEvent): void {
    this.#broadcast.send(event, encoded);
  }

  flush(deadline?: Deadline): Promise<void> {
    return this.#clients.patience.during(() => this.#broadcast.flush(deadline));
  }

  close(deadline?: Deadline): Promise<void> {
    this.#closing ??= this.#close(deadline);
    return this.#closing;
  }

  async #close(deadline: Deadline | undefined): Promise<void> {
    const { closeTimeoutMs, clientCloseTimeoutMs } = this.#options;
    const due = startDeadline(deadline, closeTimeoutMs);
    this.#broadcast.close();
    this.#pathFace?.close();
    this.#webSocketFace?.close();
    const { timeoutMs = 0, signal } = due.remaining();
    await this.#clients.close({ timeoutMs: Math.min(clientCloseTimeoutMs, timeoutMs), signal });
    this.#webSocketFace?.destroy();
    await due.wait(this.#started);
    this.#reporter.end();
  }

  stats(): TransportStats {
    return this.#broadcast.stats();
  }
}

function pathsOf({ path, directory, webSocket }: ResolvedOptions): readonly string[] {
  if (path === false || (path === undefined && directory === undefined && webSocket !== undefined)) return [];
  return path === undefined ? defaultPaths(directory ?? ".ll") : [path];
}
