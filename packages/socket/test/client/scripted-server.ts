import { once } from "node:events";
import { rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";

/** A server on a Unix socket that does what a test says, and notes what it was asked. */
export class ScriptedServer {
  readonly path: string;
  /** The requests of all connections, in order. */
  readonly requests: unknown[] = [];
  readonly sockets = new Set<Socket>();
  #server: Server | undefined;
  #serve: (socket: Socket, request: never, n: number) => void;

  /** @param serve is called with each connection's request; `n` counts connections from 0 */
  constructor(path: string, serve: (socket: Socket, request: never, n: number) => void) {
    this.path = path;
    this.#serve = serve;
  }

  async start(): Promise<this> {
    const server = createServer((socket) => {
      this.sockets.add(socket);
      socket.on("close", () => this.sockets.delete(socket));
      socket.on("error", () => {});
      socket.once("data", (text) => {
        const { request } = JSON.parse(String(text));
        this.requests.push(request);
        this.#serve(socket, request as never, this.requests.length - 1);
      });
    });
    this.#server = server.listen(this.path);
    await once(server, "listening");
    return this;
  }

  /** As a program that is killed: connections are cut. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    const closed = once(server, "close");
    server.close();
    for (const socket of this.sockets) socket.destroy();
    await closed;
    await rm(this.path, { force: true });
  }
}

const ts = "2024-01-15T10:30:00.000Z";

export const event = (n: number) => ({ event: "step", ts, id: `i${n}`, n });
export const entry = (n: number) => ({ cursor: `e:${n}`, event: event(n) });
export const hello = (cursor: string | null, more: object = {}) => ({
  ...{ event: "socket.hello", ts, protocol: 1, replay: cursor !== null, cursor, snapshots: 0, heartbeat_ms: 0 },
  ...more,
});
export const say = (socket: Socket, ...frames: readonly object[]) =>
  socket.write(frames.map((frame) => `${JSON.stringify(frame)}\n`).join(""));
