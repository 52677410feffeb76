import type { BatchTransport } from "@loops/core";
import type { Surroundings, TransportCapabilities, TransportSubject } from "../../src/index.js";
import { type QueuedSubject, queuedSink, queuedSubject, withCrash } from "../fixtures/sinks.js";

/** A queued sink with one deliberate defect, which exactly one check has to reject. */
export interface BrokenSink {
  /** Id of that check. */
  readonly breaks: string;
  /** What is wrong, in words. */
  readonly defect: string;
  readonly capabilities: TransportCapabilities;
  create(surroundings: Surroundings): TransportSubject;
}

/** The script is tried only where it is what is broken: a process for each check of each sink takes long. */
export const capabilities: TransportCapabilities = { ...queuedSink.capabilities, script: undefined };

/** A broken sink that has the capabilities of the sound one. */
export function brokenSink(
  breaks: string,
  defect: string,
  create: (surroundings: Surroundings) => QueuedSubject,
): BrokenSink {
  return { breaks, defect, capabilities, create: (surroundings) => withCrash(create(surroundings)) };
}

/** The sound queued sink with some of its methods replaced. */
export function withMethods(
  replace: (sound: QueuedSubject, surroundings: Surroundings) => Partial<BatchTransport>,
): (surroundings: Surroundings) => QueuedSubject {
  return (surroundings) => {
    const sound = queuedSubject();
    return { ...sound, transport: { ...sound.transport, ...replace(sound, surroundings) } };
  };
}
