import { createServer } from "node:http";
import { expect, it } from "vitest";
import { resolveOptions, type SocketTransportOptions } from "./socket-options.js";

it("S-1: eight clients, and 1024 frames and 4 MiB for each, where nothing was said", () => {
  expect(resolveOptions({})).toMatchObject({ maxClients: 8, maxClientFrames: 1024, maxClientBytes: 4 * 1024 * 1024 });
});

it.each([
  ["an option with a typo", { maxClient: 3 }, /did you mean maxClients/],
  ["an option of websocket with a typo", { websocket: { orgins: [] } }, /did you mean origins/],
  ["a number that is none", { maxClients: "3" }, /maxClients/],
  ["a negative number", { heartbeatMs: -1 }, /heartbeatMs/],
  ["heartbeats without a pause", { heartbeatMs: 0 }, /heartbeatMs must be above 0/],
  ["a port that is none", { websocket: { port: 70_000 } }, /port must be at most 65535/],
  ["a path that is none", { path: 5 }, /path/],
  ["no face at all", { path: false }, /websocket/],
  ["a log that cannot be followed", { log: { query() {} } }, /log must be an EventLog/],
  ["a snapshot that is no function", { snapshot: [] }, /snapshot/],
  ["a path of websocket without a slash", { websocket: { path: "events" } }, /websocket\.path/],
  ["origins that are no list", { websocket: { origins: "*" } }, /websocket\.origins/],
  ["an empty token", { websocket: { token: "" } }, /websocket\.token/],
  ["a server that is none", { websocket: { server: {} } }, /websocket\.server/],
])("refuses %s", (_what, options, message) => {
  expect(() => resolveOptions(options as SocketTransportOptions)).toThrow(message);
});

it("takes a server of the caller, and makes a host's own name known", () => {
  const server = createServer();
  expect(resolveOptions({ websocket: { server, host: "Board.example" } }).webSocket).toMatchObject({
    server,
    hosts: ["board.example"],
  });
});
