import { type Bus, createBus } from "@loops/core";
import type { Surroundings, TransportCapabilities } from "./options.js";

/** The bus of one check, and what was reported to its `onError`, or to the own one of a transport. */
export class KitBus implements Surroundings {
  readonly bus: Bus;
  readonly reported: unknown[] = [];
  /** What a check wants to do at each report. */
  onReport: (error: unknown) => void = () => {};

  constructor({ bounds }: TransportCapabilities, patienceMs: number) {
    const { onError } = this;
    this.bus = createBus({ ...bounds, flushTimeoutMs: patienceMs, closeTimeoutMs: patienceMs, onError });
  }

  readonly onError = (error: unknown): void => {
    this.reported.push(error);
    this.onReport(error);
  };
}
