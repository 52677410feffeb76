import { LoopsError } from "@loops/core";
import { requireKnownName } from "../known-names.js";
import { faultNames, type LogCapability, type TransportBounds, type TransportCapabilities } from "./options.js";
import { requireKnownKeys } from "./require-call.js";
import { show } from "./violation.js";

/** Objects, so that the compiler sees to it that none is missing. */
const capabilities: Readonly<Record<keyof TransportCapabilities, true>> = {
  queued: true,
  durable: true,
  faults: true,
  bounds: true,
  roundTrip: true,
  observeLagMs: true,
  script: true,
  killable: true,
  log: true,
};
const bounds: Readonly<Record<keyof TransportBounds, true>> = { maxQueueItems: true, maxQueueBytes: true };
const log: Readonly<Record<keyof LogCapability, true>> = { maxEntries: true, countsMissed: true };

export const capabilityNames = Object.keys(capabilities);

/** @throws LoopsError `LOOPS_CONFIG` for misspelt names, and for what the checks cannot reach, or not stay within */
export function requireUsableCapabilities(name: string, declared: TransportCapabilities): void {
  const { faults = [] } = declared;
  if (!Array.isArray(faults)) {
    throw new LoopsError("LOOPS_CONFIG", `[${name}] capabilities.faults must be a list of names, not ${show(faults)}`);
  }
  for (const fault of faults) requireKnownName(`[${name}] in capabilities.faults`, fault, faultNames);
  requireKnownKeys(name, "capabilities.bounds", declared.bounds, Object.keys(bounds));
  requireKnownKeys(name, "capabilities.log", declared.log, Object.keys(log));
  requireUsableBounds(name, declared.bounds ?? {});
  requireUsableLog(name, declared.log);
}

function requireUsableBounds(name: string, { maxQueueItems = 100, maxQueueBytes }: TransportBounds): void {
  const bytes = maxQueueBytes ?? Number.POSITIVE_INFINITY;
  if (maxQueueItems >= 100 && bytes >= 32_768 && bytes >= 256 * maxQueueItems) return;
  throw new LoopsError(
    "LOOPS_CONFIG",
    `[${name}] bounds of ${maxQueueItems} items and ${bytes} bytes are too small for the checks: ` +
      "give at least 100 items, 32768 bytes, and 256 bytes for each item",
  );
}

function requireUsableLog(name: string, declared: LogCapability | undefined): void {
  if (declared === undefined || (declared.maxEntries >= 1000 && declared.maxEntries <= 100_000)) return;
  throw new LoopsError(
    "LOOPS_CONFIG",
    `[${name}] a log of ${declared.maxEntries} entries does not suit the checks: let create() configure 1000 to 100000`,
  );
}
