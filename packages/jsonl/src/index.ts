export { createTransport } from "./create-transport.js";
export { type JsonlTransport, type JsonlTransportOptions, jsonlTransport } from "./jsonl-transport.js";
export { type EventReader, type ReadEventsOptions, readEvents } from "./read-events.js";
