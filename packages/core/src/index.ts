export { errorMessage, isLoopsError, LoopsError } from "./errors.js";
export type { EncodedEvent, EventInput, LoopEvent } from "./event.js";
export type { Cursor, EventLog, EventLogPage, EventLogQuery, LogEntry, TailItem, TailOptions } from "./event-log.js";
export type {
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
