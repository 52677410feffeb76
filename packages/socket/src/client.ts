import { LoopsError } from "@loops/core";
import { type FollowOptions, resolveFollowOptions } from "./client/follow-options.js";
import { SocketFeed } from "./client/socket-feed.js";
import { type WebSocketClass, webSocketConnect } from "./client/web-socket.js";
import { checkToken, webSocketUrl } from "./client/web-socket-address.js";

export type { FollowOptions, FollowRetryOptions } from "./client/follow-options.js";
export type { SocketFeed } from "./client/socket-feed.js";
export type { SnapshotRun, SocketItem } from "./client/socket-item.js";
export type { WebSocketClass, WebSocketLike } from "./client/web-socket.js";

/** Options of {@link followSocket} in a browser. */
export interface FollowSocketOptions extends FollowOptions {
  /** `ws://…` or `wss://…`; a relative address is taken from the page's own. */
  readonly url: string | URL;
  /** What the server wants to see; sent as a subprotocol. */
  readonly token?: string | undefined;
  /** @default the one of the runtime */
  readonly WebSocket?: WebSocketClass | undefined;
}

/**
 * Follows the events of a server of `@loops/socket` by WebSocket: a snapshot of what runs, then every event, over lost
 * connections too. Runs in browsers and wherever there is a WebSocket.
 *
 * @throws LoopsError `LOOPS_CONFIG`, `LOOPS_FILTER`. While it is read: `LOOPS_SOCKET_REFUSED`, when another attempt would
 * change nothing; `LOOPS_SOCKET_UNREACHABLE`, after `retry.maxRetries`
 */
export function followSocket(options: FollowSocketOptions): SocketFeed {
  const resolved = resolveFollowOptions(options, ["url", "token", "WebSocket"]);
  const { WebSocket = (globalThis as { WebSocket?: WebSocketClass }).WebSocket } = options;
  if (WebSocket === undefined) {
    const message = "this runtime has no WebSocket; pass one as WebSocket, or import followSocket from @loops/socket";
    throw new LoopsError("LOOPS_CONFIG", `[socket/client] ${message}`);
  }
  const url = webSocketUrl(options.url);
  return new SocketFeed(
    url.origin + url.pathname,
    webSocketConnect(url.href, checkToken(options.token), WebSocket),
    resolved,
  );
}
