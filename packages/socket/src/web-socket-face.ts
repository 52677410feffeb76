import { createServer, type IncomingMessage, type Server, STATUS_CODES } from "node:http";
import type { Server as HttpsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { errorMessage, LoopsError, timerMs } from "@loops/core";
import { type WebSocket, WebSocketServer } from "ws";
import { type ClientRequest, requestOfQuery } from "./client-request.js";
import type { Clients } from "./clients.js";
import type { ClosingReason } from "./frames.js";
import type { Session } from "./session.js";
import type { ResolvedWebSocketOptions } from "./socket-options.js";
import { judgeUpgrade, subprotocol } from "./upgrade-guard.js";

/** Close codes of RFC 6455, section 7.4.1, and 1013 of IANA's registry: try again later. */
const closeCodes: Readonly<Record<ClosingReason, number>> = { close: 1001, slow: 1013, capacity: 1013, protocol: 1008 };

/** Pings and pongs of a client between two pings of ours. */
const maxControlFrames = 100;

const handshakeTimeoutMs = 5000;
/** Whoever began it: a client that says goodbye and keeps its connection is gone all the same. */
const closing = { closeTimeout: 1000 };

export interface WebSocketFaceLimits {
  readonly pingMs: number;
  readonly maxClients: number;
  onError(error: unknown): void;
}

/** Connections to a server of our own that are no WebSocket, or not yet. */
const maxOtherConnections = 64;

/** The face for browsers: one JSON object in each text message of a WebSocket. */
export class WebSocketFace {
  readonly #clients: Clients;
  readonly #options: ResolvedWebSocketOptions;
  readonly #pingMs: number;
  readonly #server: Server | HttpsServer;
  readonly #sockets: WebSocketServer;
  readonly #own: boolean;
  readonly #connections = new Set<Socket>();
  #closed = false;

  constructor(
    clients: Clients,
    options: ResolvedWebSocketOptions,
    { pingMs, maxClients, onError }: WebSocketFaceLimits,
  ) {
    this.#clients = clients;
    this.#options = options;
    this.#pingMs = pingMs;
    this.#own = options.server === undefined;
    this.#sockets = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      ...closing,
      maxPayload: options.maxPayloadBytes,
      handleProtocols: (protocols) => (protocols.has(subprotocol) ? subprotocol : false),
    });
    this.#server = options.server ?? createOwnServer(maxClients);
    this.#server.on("upgrade", this.#onUpgrade);
    if (!this.#own) return;
    // Why it cannot listen is told by `start`.
    this.#server.on("error", (error) => this.#server.listening && onError(error)).on("connection", this.#onConnection);
  }

  /** Where clients connect to; `undefined` while nothing listens. */
  get url(): string | undefined {
    const address = this.#server.address() as AddressInfo | string | null;
    if (this.#closed || address === null || typeof address === "string") return undefined;
    const host = address.address === "::" || address.address === "0.0.0.0" ? "127.0.0.1" : address.address;
    return `ws://${host.includes(":") ? `[${host}]` : host}:${address.port}${this.#options.path}`;
  }

  /** @throws LoopsError `LOOPS_SOCKET_LISTEN` when the port cannot be had; never with a server of the caller */
  async start(): Promise<void> {
    if (!this.#own) return;
    const { host, port } = this.#options;
    await new Promise<void>((resolve, reject) => {
      const onError = (cause: Error) => {
        const what = `cannot listen to port ${port} of ${host}: ${cause.message}`;
        reject(new LoopsError("LOOPS_SOCKET_LISTEN", `[socket] ${what}`, { cause }));
      };
      this.#server.once("error", onError);
      this.#server.listen({ host, port }, () => {
        this.#server.off("error", onError);
        if (this.#closed) this.#server.close();
        resolve();
      });
    });
  }

  readonly #onConnection = (socket: Socket): void => {
    socket.unref();
    this.#connections.add(socket);
    socket.once("close", () => this.#connections.delete(socket));
  };

  readonly #onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const verdict = judgeUpgrade(request, this.#options);
    // Other paths of the caller's server are for others to answer, where there are any.
    if (!verdict.ok && verdict.status === 404 && !this.#own && this.#server.listenerCount("upgrade") > 1) return;
    socket.on("error", () => socket.destroy());
    if (!verdict.ok) {
      this.#clients.refuse(`${verdict.status}, ${verdict.why}`);
      answer(socket, verdict.status, verdict.why);
      return;
    }
    if (this.#closed || this.#clients.full) {
      this.#clients.refuseFull();
      answer(socket, 503, "there are too many clients; try again later");
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) => {
      this.#open(webSocket, socket as Socket, verdict.query);
    });
  };

  #open(webSocket: WebSocket, socket: Socket, query: URLSearchParams): void {
    socket.setNoDelay(true);
    let request: ClientRequest | undefined;
    let refusal: string | undefined;
    try {
      request = requestOfQuery(query);
    } catch (error) {
      refusal = errorMessage(error);
    }
    const session = this.#clients.add(
      {
        socket,
        encoding: "messages",
        face: "websocket",
        stopReading: () => webSocket.pause(),
        end: (reason) => webSocket.close(closeCodes[reason], reason),
        destroy: () => webSocket.terminate(),
      },
      request,
    );
    // `ws` has sent the close code already: 1002, 1007, 1009.
    webSocket.on("error", (error) => session.violated(error));
    webSocket.on("message", (data, isBinary) => {
      if (isBinary) session.refuse("messages are text");
      else session.request(String(data));
    });
    if (refusal !== undefined) session.refuse(refusal);
    this.#watch(webSocket, session);
  }

  /**
   * Asks for a sign of life from time to time: a connection whose other end is gone without a word gives none. Also
   * counts the control frames that nobody asked for.
   */
  #watch(webSocket: WebSocket, session: Session): void {
    let alive = true;
    let controlFrames = 0;
    const look = () => {
      if (!alive) {
        session.cutOff("unresponsive");
        return;
      }
      alive = false;
      controlFrames = 0;
      webSocket.ping();
    };
    // Behind the reading of a turn: a program that was suspended has yet to read the answer.
    const timer = setInterval(() => setImmediate(look), timerMs(this.#pingMs)).unref();
    const onControl = () => {
      alive = true;
      if (++controlFrames > maxControlFrames) session.refuse("a client sends few pings and pongs");
    };
    webSocket.on("ping", onControl).on("pong", onControl);
    webSocket.once("close", () => clearInterval(timer));
  }

  /** Accepts nobody any more. A server of the caller goes on. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#server.off("upgrade", this.#onUpgrade);
    if (this.#own && this.#server.listening) this.#server.close();
  }

  /** The end of what is still connected to a server of our own: requests that have never become a WebSocket. */
  destroy(): void {
    for (const socket of this.#connections) socket.destroy();
    this.#sockets.close();
  }
}

function createOwnServer(maxClients: number): Server {
  const options = { headersTimeout: handshakeTimeoutMs, requestTimeout: handshakeTimeoutMs, maxHeaderSize: 8192 };
  const server = createServer({ ...options, connectionsCheckingInterval: 1000 }, (_request, response) => {
    response.writeHead(426, { connection: "close", upgrade: "websocket", "content-type": "text/plain" });
    response.end("This is a WebSocket.\n");
  });
  server.maxConnections = maxClients + maxOtherConnections;
  return server.unref();
}

function answer(socket: Duplex, status: number, why: string): void {
  const body = `${why}\n`;
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    "Connection: close",
    "Content-Type: text/plain; charset=utf-8",
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`, () => socket.destroy());
}
