import { Redis as Client, Cluster } from "ioredis";
import { expect, vi } from "vitest";
import { type Redis, startRedis } from "../../../scripts/services/redis.js";
import { freePort } from "../../../scripts/services/service.js";

const slots = 16_384;

/** A Redis Cluster of the test's own: three masters that share the slots, in order. */
export interface RedisCluster {
  readonly nodes: readonly { readonly server: Redis; readonly client: Client }[];
  readonly client: Cluster;
  /** Which of the nodes a slot was given to at first. */
  ownerOf(slot: number): number;
  stop(): Promise<void>;
}

export async function startRedisCluster(command: string): Promise<RedisCluster> {
  const nodes = await Promise.all(
    [0, 1, 2].map(async () => {
      // By itself it would take the port 10000 above, which need not exist.
      const bus = await freePort();
      const args = ["--cluster-enabled", "yes", "--cluster-port", String(bus), "--cluster-node-timeout", "2000"];
      const server = await startRedis(command, { args });
      return { bus, server, client: new Client(server.url) };
    }),
  );
  const firstOf = (node: number) => Math.floor((slots * node) / nodes.length);
  for (const [i, { client }] of nodes.entries()) {
    await client.call("CLUSTER", "ADDSLOTSRANGE", firstOf(i), firstOf(i + 1) - 1);
    await client.call("CLUSTER", "SET-CONFIG-EPOCH", i + 1);
    // Each to each, which is quicker than to wait until they have heard of one another.
    for (const { server, bus } of nodes) await client.call("CLUSTER", "MEET", "127.0.0.1", server.port, bus);
  }
  await vi.waitFor(
    async () => {
      for (const node of nodes) {
        const info = await node.client.call("CLUSTER", "INFO");
        expect(info).toContain("cluster_state:ok");
        expect(info).toContain("cluster_known_nodes:3");
      }
    },
    { timeout: 20_000, interval: 20 },
  );
  const client = new Cluster(nodes.map(({ server }) => ({ host: "127.0.0.1", port: server.port })));
  return {
    nodes,
    client,
    ownerOf: (slot) => nodes.findIndex((_, i) => slot < firstOf(i + 1)),
    async stop() {
      client.disconnect();
      for (const node of nodes) node.client.disconnect();
      await Promise.all(nodes.map(({ server }) => server.stop()));
    },
  };
}
