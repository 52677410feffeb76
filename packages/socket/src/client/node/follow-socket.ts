import { type FollowSocketOptions, followSocket as followByWebSocket } from "../../client.js";
import { listenAddress } from "../../socket-path.js";
import { type FollowOptions, resolveFollowOptions, wrong } from "../follow-options.js";
import { SocketFeed } from "../socket-feed.js";
import { checkToken, webSocketUrl } from "../web-socket-address.js";
import { pathConnect } from "./path-connect.js";
import { wsConnect } from "./ws-connect.js";

/** Options of {@link followSocket} for a Unix domain socket, or a named pipe on Windows. */
export interface FollowPathOptions extends FollowOptions {
  readonly path: string;
}

/**
 * Follows the events of a server of `@loops/socket`, by its path or by WebSocket: a snapshot of what runs, then every
 * event, over lost connections too.
 *
 * @throws LoopsError `LOOPS_CONFIG`, `LOOPS_FILTER`, `LOOPS_SOCKET_PATH`. While it is read: `LOOPS_SOCKET_REFUSED`, when another attempt would
 * change nothing; `LOOPS_SOCKET_UNREACHABLE`, after `retry.maxRetries`
 */
export function followSocket(options: FollowPathOptions | FollowSocketOptions): SocketFeed {
  if ("path" in options && options.path !== undefined) return followPath(options);
  const given = options as FollowSocketOptions;
  if (given.WebSocket !== undefined) return followByWebSocket(given);
  const resolved = resolveFollowOptions(given, ["url", "token", "WebSocket"]);
  const url = webSocketUrl(given.url);
  return new SocketFeed(url.origin + url.pathname, wsConnect(url.href, checkToken(given.token)), resolved);
}

function followPath(options: FollowPathOptions): SocketFeed {
  if ("url" in options && options.url !== undefined)
    throw wrong("path or url must be given, and not both", options.url);
  if (typeof options.path !== "string" || options.path === "") throw wrong("path must name a socket", options.path);
  const resolved = resolveFollowOptions(options, ["path"]);
  const path = listenAddress(options.path);
  return new SocketFeed(path, pathConnect(path), resolved);
}
