export { createTransport } from "./create-transport.js";
export type { Protocol } from "./environment.js";
export type { OtelStats } from "./ledger.js";
export type { OtelTransportOptions } from "./otel-options.js";
export { type OtelEngineOptions, type OtelTransport, otelTransport } from "./otel-transport.js";
export type { RootParent } from "./span-writer.js";
