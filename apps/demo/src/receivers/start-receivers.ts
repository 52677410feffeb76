import { places } from "../wiring.js";
import { jsonlReceiver, sqliteReceiver } from "./file-receivers.js";
import { findCollector } from "./find-collector.js";
import type { Addresses, Receiver } from "./receiver.js";
import { startRedisReceiver } from "./redis-receiver.js";
import { startSocketReceiver } from "./socket-receiver.js";
import { startWebhookReceiver } from "./webhook-receiver.js";

export interface Receivers {
  readonly addresses: Addresses;
  /** Those that can be read back, in the order of the report. */
  readonly all: readonly Receiver[];
  close(): Promise<void>;
}

/** The other sides of the demo's sinks: what this machine has of them. */
export async function startReceivers(folder: string): Promise<Receivers> {
  const { events, database, socket } = places(folder);
  const [webhook, redis, otlp] = await Promise.all([
    startWebhookReceiver(),
    startRedisReceiver(folder),
    findCollector(),
  ]);
  const all = [
    jsonlReceiver(events),
    sqliteReceiver(database),
    startSocketReceiver(socket),
    webhook,
    ...(redis === null ? [] : [redis]),
  ];
  return {
    addresses: { webhook: webhook.address, redis: redis?.address ?? null, otlp },
    all,
    close: async () => {
      for (const receiver of all) await receiver.close();
    },
  };
}
