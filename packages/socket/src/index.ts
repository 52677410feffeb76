export { type FollowPathOptions, followSocket } from "./client/node/follow-socket.js";
export {
  type DirectoryFeed,
  type FollowSocketsOptions,
  followSockets,
  type SourcedItem,
} from "./client/node/follow-sockets.js";
export type {
  FollowOptions,
  FollowRetryOptions,
  FollowSocketOptions,
  SnapshotRun,
  SocketFeed,
  SocketItem,
  WebSocketClass,
  WebSocketLike,
} from "./client.js";
export type { ClientStats, CutOffReason } from "./client-stats.js";
export { createTransport } from "./create-transport.js";
export type { SnapshotSource, SocketTransportOptions, WebSocketOptions } from "./socket-options.js";
export { type SocketAddress, type SocketTransport, socketTransport } from "./socket-transport.js";
