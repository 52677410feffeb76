export { backoffMs, type RetryOptions } from "./backoff.js";
export type { BatchTransportGiven, BatchTransportOptions, Overflow, WriteContext } from "./batch-options.js";
export { type BatchTransport, batchTransport } from "./batch-transport.js";
export {
  type AnyEvent,
  type Bus,
  type BusOptions,
  type BusReport,
  type BusStats,
  createBus,
  type Emittable,
  type Filter,
  type FilterOf,
  type Heard,
  type Stamped,
} from "./bus.js";
export { type ClosableBus, type CloseOnExitOptions, closeOnExit } from "./close-on-exit.js";
export { type Due, startDeadline } from "./deadline.js";
export { DeliveryError, type DeliveryErrorKind, type DeliveryErrorOptions } from "./delivery-error.js";
export { encodeEvent } from "./encode.js";
export { errorMessage, isLoopsError, LoopsError } from "./errors.js";
export { type EncodedEvent, type EventInput, eventFromRecord, type LoopEvent } from "./event.js";
export type { Cursor, EventLog, EventLogPage, EventLogQuery, LogEntry, TailItem, TailOptions } from "./event-log.js";
export { compileFilter } from "./glob.js";
export { getBus, nullBus, setBus } from "./global-bus.js";
export type { SinkReport } from "./lane.js";
export { withDefaults } from "./options.js";
export { createReporter, type ErrorInfo, type OnError, type Reporter, warnOnError } from "./reporter.js";
export { isoNow, newEventId, stamp } from "./stamp.js";
export type {
  ArchiveOptions,
  CorruptRun,
  CreateRunOptions,
  OwnerIdentity,
  RunLease,
  RunList,
  StateDelta,
  StateStore,
  StoredEvent,
  StoredRun,
} from "./state-store.js";
export { timerMs } from "./timer.js";
export {
  type CreateTransport,
  type Deadline,
  type DropReason,
  isTransport,
  type Transport,
  type TransportContext,
  type TransportStats,
  type WireContext,
} from "./transport.js";
export { type TransportHost, type WireConfig, type WireOptions, wireTransports } from "./wire-transports.js";
