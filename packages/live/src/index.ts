export { type LiveFeed, type LiveFeedOptions, liveFeed } from "./live-feed.js";
export type { RunFrame } from "./model/frame.js";
export type { LoopShape, Run, StateShape, Visit } from "./model/run.js";
export { type LiveServer, liveServer } from "./server/live-server.js";
export type { LiveServerOptions } from "./server/server-options.js";
export { type SocketSourceOptions, socketSource } from "./sources/socket-source.js";
export type { LiveSource } from "./sources/source.js";
export type { StoreSourceOptions } from "./sources/store-options.js";
export { type StoreSource, storeSource } from "./sources/store-source.js";
