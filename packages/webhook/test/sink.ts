import { type Bus, createBus, type TransportStats } from "@loops/core";
import { checkAccounting } from "@loops/testing";
import { afterEach, vi } from "vitest";
import { type WebhookTransport, type WebhookTransportOptions, webhookTransport } from "../src/index.js";
import { type Receiver, startReceiver } from "./receiver.js";

/** A sink on a bus of its own, and what it reported. */
export interface Sink {
  readonly bus: Bus;
  readonly transport: WebhookTransport;
  readonly errors: unknown[];
  /** Emits events with the numbers `from` to `from + count - 1`. */
  emit(count: number, from?: number): void;
  /** Of the sink, when they have been found to add up. */
  stats(): TransportStats;
}

/** Fast enough for a test. */
export const quick = { flushIntervalMs: 10, retryBaseMs: 1, maxRetryMs: 5 };

const releases: (() => unknown)[] = [];

/** Ends what the tests of the file have started, after each of them. */
afterEach(async () => {
  for (const release of releases.splice(0).reverse()) await release();
});

export function atEnd(release: () => unknown): void {
  releases.push(release);
}

export async function receiver(given?: { readonly port?: number }): Promise<Receiver> {
  const started = await startReceiver(given);
  atEnd(() => started.close());
  return started;
}

export function sinkTo(url: string, options: Partial<WebhookTransportOptions> = {}): Sink {
  const errors: unknown[] = [];
  const bus = createBus({ onError: (error) => errors.push(error) });
  const transport = webhookTransport({ url, ...quick, ...options });
  bus.addTransport(transport);
  atEnd(() => bus.close({ timeoutMs: 0 }));
  return {
    bus,
    transport,
    errors,
    emit(count, from = 0) {
      for (let n = from; n < from + count; n++) bus.emit({ event: "step", n });
    },
    stats() {
      const stats = transport.stats();
      checkAccounting(stats);
      return stats;
    },
  };
}

/** Waits until `look` does not throw. */
export function eventually<T>(look: () => T | Promise<T>, timeoutMs = 5000): Promise<T> {
  return vi.waitFor(look, { timeout: timeoutMs, interval: 5 });
}

export function numbersOf(events: readonly { readonly [field: string]: unknown }[]): unknown[] {
  return events.map(({ n }) => n);
}

export function upTo(count: number, from = 0): number[] {
  return Array.from({ length: count }, (_, index) => from + index);
}
