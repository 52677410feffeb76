import { join } from "node:path";
import { createBus, type EventLog, type Transport } from "@loops/core";
import type { FsmEvent } from "@loops/fsm";
import { jsonlTransport } from "@loops/jsonl";
import { memoryLogTransport } from "@loops/memory-log";
import { type OtelEngineOptions, otelTransport } from "@loops/otel";
import { redisStreamTransport } from "@loops/redis-stream";
import { socketTransport } from "@loops/socket";
import { sqliteTransport } from "@loops/sqlite";
import { webhookTransport } from "@loops/webhook";
import type { Addresses } from "./receivers/receiver.js";

/** Where the demo's files lie, below the folder a loop works in. */
export const places = (folder: string) => ({
  loops: join(folder, ".loops"),
  sinks: join(folder, ".ll"),
  events: join(folder, ".ll", "events.jsonl"),
  database: join(folder, ".ll", "session.db"),
  socket: join(folder, ".ll", "events.sock"),
  actions: join(folder, "actions.log"),
});

/** How long an event may wait for others. */
const flushIntervalMs = 100;

/**
 * A bus with every sink: the local ones always, Redis and OpenTelemetry where they are there. Each is what a program of
 * one's own would write; the log comes first, because the socket replays from it.
 *
 * @param runs says where each run stands, for whoever opens the socket
 */
export function wiredBus(folder: string, { webhook, redis, otlp }: Addresses, runs: () => Promise<Iterable<object>>) {
  const { events, database, socket } = places(folder);
  const log = memoryLogTransport();
  const otel = otlp === null ? null : otelTransport({ endpoint: otlp, flushIntervalMs });
  const bus = createBus<FsmEvent>();
  const sinks: readonly (Transport | null)[] = [
    log,
    jsonlTransport({ path: events, flushIntervalMs }),
    sqliteTransport({ path: database, flushIntervalMs }),
    socketTransport({ path: socket, log: log as EventLog, snapshot: runs }),
    webhookTransport({ ...webhook, flushIntervalMs }),
    redis === null ? null : redisStreamTransport({ ...redis, flushIntervalMs }),
    otel,
  ];
  for (const sink of sinks) if (sink !== null) bus.addTransport(sink);
  const engine: Partial<OtelEngineOptions> = otel?.engine ?? {};
  return { bus, engine };
}
