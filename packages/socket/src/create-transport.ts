import { type CreateTransport, isLoopsError, LoopsError } from "@loops/core";
import { camelSection, unknownOption } from "@loops/core/names";
import { optionNames, type SocketTransportOptions } from "./socket-options.js";
import { socketTransport } from "./socket-transport.js";

/**
 * For `wireTransports`: options as for `socketTransport`, those of `websocket` in snake_case too. `path` lies below the
 * base directory; by default it is `events.sock` there, or `events-<pid>.sock` where another loop has that. A path that
 * is held wires the transport all the same, and says so.
 *
 * @throws LoopsError `LOOPS_CONFIG`; `LOOPS_SOCKET_PATH`, `LOOPS_SOCKET_LISTEN` where it cannot listen
 */
export const createTransport: CreateTransport = async (options, { baseDir, resolvePath, warn }) => {
  const known: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(options)) {
    if (!optionNames.includes(name)) warn(`${unknownOption("socket", name, optionNames)}; it has no effect`);
    // A section left empty is null.
    else if (value !== null) known[name] = value;
  }
  const { path, directory, websocket } = known;
  if (path !== undefined && path !== false && typeof path !== "string") {
    throw new LoopsError("LOOPS_CONFIG", `[socket] path must be a text or false, not ${JSON.stringify(path)}`);
  }
  const transport = socketTransport({
    ...(known as SocketTransportOptions),
    path: typeof path === "string" ? resolvePath(path) : path,
    directory: typeof directory === "string" ? resolvePath(directory) : baseDir,
    websocket: camelSection(websocket) as SocketTransportOptions["websocket"],
  });
  try {
    await transport.ready();
  } catch (error) {
    if (!isLoopsError(error, "LOOPS_SOCKET_HELD")) {
      await transport.close();
      throw error;
    }
    warn(error.message);
  }
  return transport;
};
