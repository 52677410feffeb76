import type { Server } from "node:http";
import type { Server as HttpsServer } from "node:https";
import { type EventLog, LoopsError, type OnError, withDefaults } from "@loops/core";
import { checkKnownOptions } from "@loops/core/names";

/** Says what is running: an object for each run, shown to a client when it comes. */
export type SnapshotSource = () => Iterable<object> | Promise<Iterable<object>>;

/** The WebSocket face. */
export interface WebSocketOptions {
  /** A server of the caller, which is never closed; without it one is made. */
  readonly server?: Server | HttpsServer | undefined;
  /** Where a server of our own listens. @default "127.0.0.1" */
  readonly host?: string | undefined;
  /** 0 is a free one, told by `url`. @default 0 */
  readonly port?: number | undefined;
  /** @default "/events" */
  readonly path?: string | undefined;
  /** Origins of pages that may connect, beside those of the same host and port; `"*"` is any. @default none */
  readonly origins?: readonly string[] | undefined;
  /** Names by which the server may be called, beside `localhost`, addresses and `host`. @default none */
  readonly hosts?: readonly string[] | undefined;
  /** Clients have to show it. @default none */
  readonly token?: string | undefined;
  /** Of a message from a client. @default 4096 */
  readonly maxPayloadBytes?: number | undefined;
}

export interface SocketTransportOptions {
  /**
   * Where to listen on the file system (on Windows a named pipe is made from it); `false` for not at all. If somebody
   * listens there already, nothing of theirs is touched, and this face stays closed (`LOOPS_SOCKET_HELD`).
   * @default below `directory`; `false` where only `websocket` is given
   */
  readonly path?: string | false | undefined;
  /**
   * Where the default path lies: `events.sock`, or `events-<pid>.sock` where another loop listens to that.
   * @default ".ll"
   */
  readonly directory?: string | undefined;
  /** `true` is all defaults. @default none */
  readonly websocket?: WebSocketOptions | boolean | undefined;
  /** Clients at once, over both faces. @default 8 */
  readonly maxClients?: number | undefined;
  /** Frames that wait for one client at most. @default 1024 */
  readonly maxClientFrames?: number | undefined;
  /** Bytes that wait for one client at most. @default 4194304 (4 MiB) */
  readonly maxClientBytes?: number | undefined;
  /** A client that takes nothing for so long, though there is something, is cut off. @default 30000 */
  readonly slowClientTimeoutMs?: number | undefined;
  /**
   * After so long a silence a client that has sent a request gets a heartbeat, and a WebSocket a ping; `Infinity` is none.
   * @default 15000
   */
  readonly heartbeatMs?: number | undefined;
  /** What a new client is shown first. Called off the path of events, once for each client. @default none */
  readonly snapshot?: SnapshotSource | undefined;
  /** A snapshot that takes longer is left out, and reported. @default 5000 */
  readonly snapshotTimeoutMs?: number | undefined;
  /** What clients replay from: a log that gets the same events. @default none */
  readonly log?: Pick<EventLog, "query" | "tail"> | undefined;
  /** @default 10000 */
  readonly closeTimeoutMs?: number | undefined;
  /**
   * Of `closeTimeoutMs`: what each client, side by side, has to take what waits for it. `flush` waits no longer than that
   * for a client that takes nothing: what waits for it is dropped.
   * @default 1000
   */
  readonly clientCloseTimeoutMs?: number | undefined;
  /** @default the bus's `onError`; without a bus a process warning */
  readonly onError?: OnError | undefined;
}

export const defaults = {
  maxClients: 8,
  maxClientFrames: 1024,
  maxClientBytes: 4_194_304,
  slowClientTimeoutMs: 30_000,
  heartbeatMs: 15_000,
  snapshotTimeoutMs: 5000,
  closeTimeoutMs: 10_000,
  clientCloseTimeoutMs: 1000,
};

export const webSocketDefaults = { port: 0, maxPayloadBytes: 4096 };

export const optionNames = [
  ...["path", "directory", "websocket", "snapshot", "log", "onError"],
  ...Object.keys(defaults),
];

const webSocketNames = [...["server", "host", "path", "origins", "hosts", "token"], ...Object.keys(webSocketDefaults)];

export interface ResolvedWebSocketOptions {
  readonly server: Server | HttpsServer | undefined;
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly origins: readonly string[];
  readonly hosts: readonly string[];
  readonly token: string | undefined;
  readonly maxPayloadBytes: number;
}

export type ResolvedOptions = SocketTransportOptions &
  typeof defaults & { readonly webSocket: ResolvedWebSocketOptions | undefined };

/** @throws LoopsError `LOOPS_CONFIG` naming the option */
export function resolveOptions(given: SocketTransportOptions): ResolvedOptions {
  checkKnownOptions("socket", given, optionNames);
  const { path, directory, websocket, snapshot, log } = given;
  requireKind("path", path === undefined || path === false || isText(path), "a text or false");
  requireKind("directory", directory === undefined || isText(directory), "a text");
  requireKind("snapshot", snapshot === undefined || typeof snapshot === "function", "a function");
  requireKind(
    "log",
    log === undefined || (typeof log?.query === "function" && typeof log.tail === "function"),
    "an EventLog, with query and tail",
  );
  const webSocket = websocket ? resolveWebSocket(websocket === true ? {} : websocket) : undefined;
  requireKind("path", path !== false || webSocket !== undefined, "given, or websocket be: nothing listens otherwise");
  const resolved = { ...withDefaults("socket", given, defaults), webSocket };
  requireKind("heartbeatMs", resolved.heartbeatMs > 0, "above 0; Infinity is none");
  return resolved;
}

function resolveWebSocket(given: WebSocketOptions): ResolvedWebSocketOptions {
  requireKind("websocket", typeof given === "object" && !Array.isArray(given), "true or an object of options");
  checkKnownOptions("socket", given, webSocketNames);
  const { host = "127.0.0.1", path = "/events", origins = [], hosts = [], token, server } = given;
  requireKind("websocket.host", isText(host), "a text");
  requireKind("websocket.path", isText(path) && path.startsWith("/"), 'a text that begins with "/"');
  requireKind("websocket.origins", isTextList(origins), "a list of texts");
  requireKind("websocket.hosts", isTextList(hosts), "a list of texts");
  requireKind("websocket.token", token === undefined || isText(token), "a text");
  requireKind("websocket.port", (given.port ?? 0) <= 65_535, "at most 65535");
  requireKind("websocket.server", server === undefined || typeof server?.on === "function", "an http.Server");
  return {
    ...withDefaults("socket", given, webSocketDefaults),
    host,
    path,
    origins,
    // As names are compared: without regard to case.
    hosts: [host, ...hosts].map((name) => name.toLowerCase()),
    token,
    server,
  };
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function isTextList(value: unknown): boolean {
  return Array.isArray(value) && value.every(isText);
}

function requireKind(option: string, holds: boolean, kind: string): void {
  if (!holds) throw new LoopsError("LOOPS_CONFIG", `[socket] ${option} must be ${kind}`);
}
