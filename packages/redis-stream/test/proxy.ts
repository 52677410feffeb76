import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/** A way to a Redis that a test can close, and that refuses some commands. */
export interface Proxy {
  readonly url: string;
  /** Answers commands that contain this text with an error, and does not pass them on. */
  refuse(text: string): void;
  /** Ends all connections and takes no others. */
  cut(): void;
}

export async function startProxy(port: number): Promise<Proxy> {
  const sockets = new Set<Socket>();
  const refused: string[] = [];
  const server = createServer((client) => {
    const redis = connect(port, "127.0.0.1");
    for (const socket of [client, redis]) {
      sockets.add(socket);
      // An end that nobody reads would leave the other side open.
      socket.on("error", () => socket.destroy());
      socket.on("close", () => {
        sockets.delete(socket);
        client.destroy();
        redis.destroy();
      });
    }
    redis.pipe(client);
    let waiting: Buffer<ArrayBufferLike> = Buffer.alloc(0);
    client.on("data", (chunk: Buffer) => {
      waiting = Buffer.concat([waiting, chunk]);
      for (let end = commandEnd(waiting); end > 0; end = commandEnd(waiting)) {
        const command = waiting.subarray(0, end);
        waiting = waiting.subarray(end);
        if (refused.some((text) => command.includes(text))) client.write("-ERR max request size exceeded\r\n");
        else redis.write(command);
      }
    });
  });
  server.listen(0, "127.0.0.1").unref();
  await once(server, "listening");
  const address = server.address();
  const own = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `redis://127.0.0.1:${own}/0`,
    refuse: (text) => void refused.push(text),
    cut() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Where the first command ends, a list of texts with their lengths in front; 0 while it is not all there. */
function commandEnd(bytes: Buffer): number {
  const numberAt = (at: number) => {
    const end = bytes.indexOf("\r\n", at);
    return end < 0 ? undefined : { value: Number(bytes.toString("latin1", at + 1, end)), next: end + 2 };
  };
  const count = numberAt(0);
  let at = count?.next ?? 0;
  for (let i = 0; i < (count?.value ?? 0); i++) {
    const length = numberAt(at);
    if (length === undefined) return 0;
    at = length.next + length.value + 2;
    if (at > bytes.length) return 0;
  }
  return at;
}
