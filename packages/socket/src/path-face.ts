import { createServer, type Server, type Socket } from "node:net";
import { LoopsError } from "@loops/core";
import { type Claim, claimPath, held } from "./claim-path.js";
import { maxRequestBytes } from "./client-request.js";
import type { Clients } from "./clients.js";
import { closingFrame } from "./frames.js";
import type { Session } from "./session.js";
import { listenAddress } from "./socket-path.js";

/** The face on the file system: lines of JSON over a Unix domain socket, or over a named pipe on Windows. */
export class PathFace {
  readonly #clients: Clients;
  readonly #server: Server;
  #claim: Claim | undefined;
  #starting = false;
  #closed = false;

  constructor(clients: Clients, onError: (error: unknown) => void) {
    this.#clients = clients;
    this.#server = createServer({ highWaterMark: 65_536 }, this.#onConnection);
    // Why it cannot listen is told by `start`.
    this.#server.on("error", (error) => this.#claim !== undefined && onError(error));
    // Before it listens, so that not even the beginning keeps a process alive.
    this.#server.unref();
  }

  /** Where it listens; `undefined` while it does not. */
  get path(): string | undefined {
    return this.#closed ? undefined : this.#claim?.path;
  }

  /**
   * Listens to the first path that nobody holds.
   *
   * @throws LoopsError `LOOPS_SOCKET_HELD` when somebody listens to each, `LOOPS_SOCKET_PATH`, `LOOPS_SOCKET_LISTEN`
   */
  async start(paths: readonly string[]): Promise<void> {
    this.#starting = true;
    try {
      this.#claim = await this.#claimFirst(paths);
    } finally {
      this.#starting = false;
      // Closed while it began.
      if (this.#closed) this.#release();
    }
    if (this.#claim !== undefined) return;
    const what = `somebody listens to ${paths[0]} already; events are counted, and nothing of theirs was touched`;
    throw new LoopsError("LOOPS_SOCKET_HELD", `[socket] ${what}. Give each loop a path of its own`);
  }

  async #claimFirst(paths: readonly string[]): Promise<Claim | undefined> {
    for (const path of paths) {
      const claim = await this.#claimAt(listenAddress(path));
      if (claim !== held) return claim;
    }
    return undefined;
  }

  async #claimAt(address: string): Promise<Claim | typeof held> {
    try {
      if (process.platform !== "win32") return await claimPath(this.#server, address);
      return await claimPipe(this.#server, address);
    } catch (cause) {
      if (cause instanceof LoopsError) throw cause;
      const { message } = cause as Error;
      throw new LoopsError("LOOPS_SOCKET_LISTEN", `[socket] cannot listen to ${address}: ${message}`, { cause });
    }
  }

  readonly #onConnection = (socket: Socket): void => {
    socket.unref();
    if (this.#clients.full) {
      this.#clients.refuseFull();
      turnAway(socket);
      return;
    }
    const session = this.#clients.add({
      socket,
      encoding: "lines",
      face: "unix",
      stopReading: () => socket.pause(),
      end: (reason) => (reason === "protocol" ? dropSocket(socket) : endSocket(socket)),
      destroy: () => socket.destroy(),
    });
    readRequest(socket, session);
  };

  /** Accepts nobody any more, and gives the path back. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (!this.#starting) this.#release();
  }

  #release(): void {
    this.#claim?.release();
    if (this.#server.listening) this.#server.close();
  }
}

/** Names of pipes are given out by the system: one that is held cannot be bound, and none is ever stale. */
function claimPipe(server: Server, path: string): Promise<Claim | typeof held> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE" || error.code === "EACCES") resolve(held);
      else reject(error);
    };
    server.once("error", onError);
    server.listen({ path, readableAll: false, writableAll: false }, () => {
      server.off("error", onError);
      resolve({ path, holds: () => server.listening, release: () => {} });
    });
  });
}

const endTimeoutMs = 1000;

/** Sends the end, and does not wait for ever for the other side's. */
function endSocket(socket: Socket): void {
  socket.end();
  const timer = setTimeout(() => socket.destroy(), endTimeoutMs).unref();
  socket.once("close", () => clearTimeout(timer));
}

/** Ends it as soon as what was written is with the client, which may send what it likes. */
function dropSocket(socket: Socket): void {
  socket.end(() => socket.destroy());
  endSocket(socket);
}

function turnAway(socket: Socket): void {
  socket.on("error", () => socket.destroy());
  socket.write(`${closingFrame("capacity")}\n`);
  dropSocket(socket);
}

/** Reads the one line that a client may send, and blank ones; everything it sends is bounded. */
function readRequest(socket: Socket, session: Session): void {
  let received = 0;
  let line = "";
  socket.setEncoding("utf8");
  socket.on("data", (text: unknown) => {
    received += Buffer.byteLength(text as string);
    if (received > maxRequestBytes) {
      session.refuse(`a client sends at most ${maxRequestBytes} bytes`);
      return;
    }
    const lines = (line + (text as string)).split("\n");
    line = lines.pop() ?? "";
    for (const one of lines) if (one.trim() !== "") session.request(one);
  });
}
