import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";

/** A request as a receiver saw it. */
export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  /** Uncompressed. */
  readonly body: string;
  readonly id: string;
  /** Whose port the client used: the same for requests on one connection. */
  readonly clientPort: number;
}

/** What a receiver does with a request; a number is a status with an empty body. */
export type Answer = number | ((response: ServerResponse, socket: Socket) => void);

/** A real HTTP server that keeps what it is sent, and answers as it is told. */
export interface Receiver {
  readonly url: string;
  readonly port: number;
  /** Every request whose body has arrived whole, in order. */
  readonly requests: readonly Received[];
  /** Of the requests that were answered with 204. */
  readonly accepted: readonly Received[];
  /** The events of the accepted requests: JSON arrays of them. */
  events(): { readonly id: string; readonly [field: string]: unknown }[];
  /** Decides on each request from now on. */
  answer(decide: (request: Received) => Answer): void;
  /** Ends every connection; the server goes on. */
  cut(): void;
  close(): Promise<void>;
}

export async function startReceiver(given: { readonly port?: number } = {}): Promise<Receiver> {
  const requests: Received[] = [];
  const accepted: Received[] = [];
  let decide: (request: Received) => Answer = () => 204;
  const server = createServer(async (request, response) => {
    const raw = await buffer(request).catch(() => null);
    if (raw === null) return; // Cut off before its end.
    const received: Received = {
      method: request.method ?? "",
      path: request.url ?? "",
      headers: request.headers,
      body: (request.headers["content-encoding"] === "gzip" ? gunzipSync(raw) : raw).toString(),
      id: String(request.headers["webhook-id"]),
      clientPort: request.socket.remotePort ?? 0,
    };
    requests.push(received);
    const answer = decide(received);
    if (answer === 204) accepted.push(received);
    if (typeof answer === "number") response.writeHead(answer).end();
    else answer(response, request.socket);
  });
  server.keepAliveTimeout = 60_000;
  await once(server.listen(given.port ?? 0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    port,
    requests,
    accepted,
    events: () => accepted.flatMap(({ body }) => JSON.parse(body)),
    answer(next) {
      decide = next;
    },
    cut: () => server.closeAllConnections(),
    async close() {
      server.closeAllConnections();
      if (server.listening) await once(server.close(), "close");
    },
  };
}
