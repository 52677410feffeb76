import type { LoopEvent } from "@loops/core";
import { Redis as Client } from "ioredis";
import { onTestFinished } from "vitest";
import { type Redis, type RedisOptions, startRedis } from "../../../scripts/services/redis.js";
import { entryEvent, type RawEntry } from "../src/entry.js";

/** A Redis of the test file's own, and a client that looks into it. */
export interface StreamServer extends Redis {
  /** Connects anew where it has to. */
  readonly client: Client;
  /** A name that no other test uses. */
  newStream(): string;
  /** What a stream holds, oldest first. */
  events(stream: string): Promise<LoopEvent[]>;
}

let streams = 0;

export async function startStreamServer(command: string | undefined, options?: RedisOptions): Promise<StreamServer> {
  const redis = await startRedis(command ?? "", options);
  const client = new Client(redis.url, {
    retryStrategy: () => 20,
    maxRetriesPerRequest: null,
    maxLoadingRetryTime: 20,
  });
  client.on("error", () => {});
  return {
    ...redis,
    client,
    newStream: () => `test:${process.pid}:${++streams}`,
    async events(stream) {
      const entries = (await client.xrangeBuffer(stream, "-", "+")) as unknown as RawEntry[];
      return entries.map(([, fields]) => entryEvent(fields)).filter((event) => event !== undefined);
    },
    async stop() {
      client.disconnect();
      await redis.stop();
    },
  };
}

/** Closes it when the test has ended, however. */
export function closing<T extends { close(): unknown }>(closable: T): T {
  onTestFinished(async () => {
    await closable.close();
  });
  return closable;
}
