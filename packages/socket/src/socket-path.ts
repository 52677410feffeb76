import { isAbsolute, join, resolve } from "node:path";
import { LoopsError } from "@loops/core";

/** The longest path a socket address holds, in bytes: `sun_path` of sockaddr_un(7) without its closing NUL. */
const maxPathBytes = process.platform === "darwin" ? 103 : 107;

/**
 * Where a socket of that path is listened to: the path as absolute, or on Windows a named pipe made from it.
 *
 * @throws LoopsError `LOOPS_SOCKET_PATH` when it is longer than the system can hold: Node 20 would cut it off silently
 */
export function listenAddress(path: string, platform: NodeJS.Platform = process.platform): string {
  if (platform === "win32") return pipeName(path);
  const absolute = resolve(path);
  const bytes = Buffer.byteLength(absolute);
  if (bytes <= maxPathBytes) return absolute;
  throw new LoopsError(
    "LOOPS_SOCKET_PATH",
    `[socket] the path has ${bytes} bytes, and a socket's at most ${maxPathBytes}: ${absolute}; choose a shorter one`,
  );
}

/** Two relative paths of one meaning, and two directories with the same file name, get one and two pipes. */
function pipeName(path: string): string {
  if (path.startsWith("\\\\.\\pipe\\") || path.startsWith("\\\\?\\pipe\\")) return path;
  const absolute = isAbsolute(path) || /^[A-Za-z]:/.test(path) ? path : join(process.cwd(), path);
  // A pipe's name may hold everything but backslashes; names are compared without regard to case.
  return `\\\\.\\pipe\\${absolute.replace(/[\\/:]+/g, "-").toLowerCase()}`;
}

/** Where to listen by default, in order: the first that nobody holds. */
export function defaultPaths(directory: string, pid: number = process.pid): string[] {
  const own = Array.from({ length: 8 }, (_, index) => `events-${pid}${index === 0 ? "" : `-${index + 1}`}.sock`);
  return ["events.sock", ...own].map((name) => join(directory, name));
}
