import { systemClock } from "./clock.js";
import type { Segment } from "./segment.js";

/** How often the store is asked meanwhile whether the run is to stop. */
const lookMs = 100;

/** Waits between two states; a request to stop ends it at once, one through the store within 100 ms. */
export async function backOff(segment: Segment, ms: number): Promise<void> {
  const { clock } = segment.effects;
  // Counted down, not compared with a clock: an injected one need not move.
  for (let leftMs = ms; leftMs > 0; leftMs -= lookMs) {
    if (await segment.stopRequested()) return;
    const partMs = Math.min(leftMs, lookMs);
    await (clock.sleep === undefined
      ? systemClock.sleep(partMs, segment.stopSignal)
      : clock.sleep(partMs, segment.stopSignal));
  }
}
