export { checkAccounting } from "./accounting.js";
export type {
  ConformanceOptions,
  FaultName,
  Faults,
  Need,
  ObservedEvent,
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
export {
  type RecordingTransport,
  type RecordingTransportOptions,
  recordingTransport,
  type WaitForOptions,
} from "./recording-transport.js";
