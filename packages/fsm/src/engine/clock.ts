import { isoNow } from "@loops/core";

/** The engine's only sources of time. */
export interface Clock {
  /** Now, as ISO 8601 in UTC: for what is recorded. */
  isoNow(): string;
  /** Milliseconds that never go back: for what is measured. */
  monotonicMs(): number;
}

/** The time of this machine. */
export const systemClock: Clock = { isoNow, monotonicMs: () => performance.now() };
