import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";

/** Stands before a server and passes everything on, until it is told to do harm. Ends with the test. */
export interface Proxy {
  readonly port: number;
  /** How many connections of clients are open. */
  readonly clients: number;
  /** How many answers were lost. */
  readonly lost: number;
  /** Breaks a connection instead of passing on its answer behind so many others: the server did what it was asked to. */
  loseAnswer(after?: number): void;
  /**
   * Passes nothing on any more and says nothing of it, as a firewall does that has forgotten a connection: on those that
   * are open, or also on those to come, until {@link heal}.
   */
  silence(howLong?: "for good"): void;
  heal(): void;
}

export async function proxyTo(port: number): Promise<Proxy> {
  let skip = -1;
  let lost = 0;
  let isSilent = false;
  const clients = new Set<Socket>();
  const silenced = new WeakSet<Socket>();
  const server = createServer((client) => {
    const upstream = connect(port, "127.0.0.1");
    const passes = () => !silenced.has(client);
    clients.add(client);
    if (isSilent) silenced.add(client);
    for (const socket of [client, upstream]) socket.on("error", () => undefined);
    client.on("data", (chunk) => passes() && upstream.write(chunk));
    upstream.on("data", (chunk) => {
      if (!passes()) return;
      if (skip < 0 || skip-- > 0) return void client.write(chunk);
      lost += 1;
      client.destroy();
    });
    client.on("close", () => {
      clients.delete(client);
      upstream.destroy();
    });
    upstream.on("close", () => passes() && client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    for (const socket of clients) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return {
    port: (server.address() as AddressInfo).port,
    get clients() {
      return clients.size;
    },
    get lost() {
      return lost;
    },
    loseAnswer(after = 0) {
      skip = after;
    },
    silence(howLong) {
      isSilent = howLong !== undefined;
      for (const client of clients) silenced.add(client);
    },
    heal() {
      isSilent = false;
    },
  };
}
