import { createServer, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { createRequestListener } from "@remix-run/node-fetch-server";

/** A server that shows one handler to this machine, counts its sockets, and can be ended as if it were killed. */
export interface ActivityServer {
  readonly port: number;
  readonly url: string;
  readonly sockets: ReadonlySet<Socket>;
  /** Destroys every socket and stops listening. */
  kill(): Promise<void>;
}

export async function serve(handler: (request: Request) => Promise<Response>, port = 0): Promise<ActivityServer> {
  const sockets = new Set<Socket>();
  const server: Server = createServer(createRequestListener((request) => handler(request)));
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(port, "127.0.0.1", resolve);
  });
  const address = server.address() as AddressInfo;
  return {
    port: address.port,
    url: `http://127.0.0.1:${address.port}/`,
    sockets,
    kill: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
