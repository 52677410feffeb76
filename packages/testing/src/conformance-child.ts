import { createBus, type Transport } from "@loops/core";

/** Begins each line that names an event which a flush has confirmed. */
export const CONFIRMED = "confirmed ";

/**
 * What the script of a `killable` subject calls with its transport: emits in bursts, flushes, and writes to stdout the
 * ids of the events that a flush has confirmed, until the kit kills the process. It ends by itself when nobody reads
 * stdout any more. Trouble of the transport is printed as a process warning, which the kit shows when it fails.
 *
 * @returns never
 */
export async function conformanceChild(transport: Transport): Promise<never> {
  // The kit is gone, or has heard enough.
  process.stdout.on("error", () => process.exit());
  const bus = createBus();
  let ids: string[] = [];
  bus.on((event) => ids.push(event.id));
  bus.addTransport(transport);
  for (let burst = 1; ; burst = (burst % 25) + 1) {
    for (let i = 0; i < burst; i++) bus.emit({ event: "conformance.child", fill: "x".repeat(i * 10) });
    const waiting = ids;
    ids = [];
    if ((await bus.flush()).ok) process.stdout.write(waiting.map((id) => `${CONFIRMED}${id}\n`).join(""));
    // A transport that never waits must not keep the process from hearing that its reader is gone.
    await new Promise((resolve) => setImmediate(resolve));
  }
}
