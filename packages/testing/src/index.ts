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
export { type StoreNeed, storeNeeds } from "./store/needs.js";
export type { StoreCapabilities, StoreConformanceOptions, StoreFaults, StoreSubject } from "./store/options.js";
export {
  type StoreCheckInfo,
  type StoreConformancePlan,
  storeChecks,
  storeConformance,
} from "./store/store-conformance.js";
export { storeChild } from "./store-child.js";
