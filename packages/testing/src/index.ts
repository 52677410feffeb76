export { checkAccounting } from "./accounting.js";
export { type Need, transportNeeds } from "./conformance/needs.js";
export type {
  ChildScript,
  ConformanceOptions,
  FaultName,
  Faults,
  LogCapability,
  ObservedEvent,
  Surroundings,
  TransportBounds,
  TransportCapabilities,
  TransportSubject,
} from "./conformance/options.js";
export {
  type CheckInfo,
  type ConformancePlan,
  transportChecks,
  transportConformance,
} from "./conformance/transport-conformance.js";
export { conformanceChild } from "./conformance-child.js";
export type { WaitForOptions } from "./event-waiters.js";
export {
  type RecordingTransport,
  type RecordingTransportOptions,
  recordingTransport,
} from "./recording-transport.js";
