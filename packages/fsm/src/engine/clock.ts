import { isoNow } from "@loops/core";
import { sleep } from "./sleep.js";

/** The engine's only sources of time. */
export interface Clock {
  /** Now, as ISO 8601 in UTC: for what is recorded. */
  isoNow(): string;
  /** Milliseconds that never go back: for what is measured. */
  monotonicMs(): number;
  /** Resolves after so long, or at once when the signal aborts; never rejects. @default by a timer */
  sleep?(ms: number, signal: AbortSignal): Promise<void>;
}

/** The time of this machine. */
export const systemClock: Clock & Required<Pick<Clock, "sleep">> = {
  isoNow,
  monotonicMs: () => performance.now(),
  sleep,
};
