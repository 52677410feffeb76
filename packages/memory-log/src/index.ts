export type { EventLogBackend, MemoryLogPage, MemoryLogQuery } from "./backend.js";
export { createEventLogBackend } from "./create-event-log-backend.js";
export { createTransport } from "./create-transport.js";
export { createDisabledLog } from "./disabled-log.js";
export { fromWire, toWire } from "./mapping.js";
export { createMemoryLog, type MemoryLog, type MemoryLogStats } from "./memory-log.js";
export type { MemoryLogEvent } from "./memory-log-event.js";
export type { MemoryLogRecord } from "./memory-log-record.js";
export {
  isMemoryLogTransport,
  type MemoryLogTransport,
  type MemoryLogTransportOptions,
  type MemoryLogTransportStats,
  memoryLogTransport,
} from "./memory-log-transport.js";
export type { MemoryLogOptions } from "./options.js";
export type { RingEvictions } from "./ring.js";
