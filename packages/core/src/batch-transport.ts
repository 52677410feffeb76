import type { BatchTransportGiven } from "./batch-options.js";
import { DeliveryQueue } from "./delivery-queue.js";
import type { Deadline, Transport } from "./transport.js";

/** What {@link batchTransport} returns: a transport with every optional method but `flushSync`, which needs `writeSync`. */
export type BatchTransport = Omit<Transport, "close"> &
  Required<Pick<Transport, "name" | "attach" | "flush" | "stats">> & { close(deadline?: Deadline): Promise<void> };

/**
 * A transport that delivers later: batching, bounds, retry, dead letters and shutdown around one `write`.
 *
 * Order is kept, also over retries. At least once: an attempt that timed out may have arrived. Every event ends as
 * delivered or dropped with a reason; see {@link TransportStats}.
 *
 * @throws LoopsError `LOOPS_CONFIG`
 */
export function batchTransport<T = string>(options: BatchTransportGiven<T>): BatchTransport {
  const queue = new DeliveryQueue(options);
  return {
    name: options.name,
    attach: (context) => queue.attach(context),
    send: (event, encoded) => queue.send(event, encoded),
    flush: (deadline) => queue.flush(deadline),
    ...(options.writeSync && { flushSync: () => queue.flushSync() }),
    close: (deadline) => queue.close(deadline),
    stats: () => queue.stats(),
  };
}
