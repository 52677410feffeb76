import {
  chmodSync,
  closeSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  type Stats,
} from "node:fs";
import { connect, type Server } from "node:net";
import { dirname, join } from "node:path";
import { LoopsError } from "@loops/core";

/** A path at which a server of ours listens. */
export interface Claim {
  readonly path: string;
  /** Whether the path still leads to our socket. */
  holds(): boolean;
  /** Takes the path away, if it is still ours. */
  release(): void;
}

/** Somebody listens there: nothing was touched. */
export const held = Symbol("held");

const probeTimeoutMs = 2000;
const attempts = 5;
const noLinks: readonly string[] = ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"];

/**
 * Has `server` listen at a path of the file system that nobody else holds.
 *
 * The socket is bound in a directory that only its owner may enter, made private there, and then linked to its place:
 * so it is private from the first moment, and linking fails where something lies already. A socket there that refuses
 * connections is stale and makes room; anything else stays untouched.
 *
 * @throws LoopsError `LOOPS_SOCKET_PATH` when what lies there is no socket; and what the system throws
 */
export async function claimPath(server: Server, path: string): Promise<Claim | typeof held> {
  mkdirSync(dirname(path), { recursive: true });
  const nursery = mkdtempSync(join(dirname(path), ".s-"));
  const newborn = join(nursery, "s");
  let claimed = false;
  try {
    await listen(server, newborn, nursery);
    chmodSync(newborn, 0o600);
    const own = lstatSync(newborn);
    for (let attempt = 0; attempt < attempts; attempt++) {
      claimed = tryPut(newborn, path);
      if (claimed) return claimOf(path, own);
      const found = lookAt(path);
      if (found === undefined) continue;
      if (!found.isSocket()) {
        throw new LoopsError(
          "LOOPS_SOCKET_PATH",
          `[socket] what lies at ${path} is no socket, and stays as it is; choose another path, or remove it`,
        );
      }
      if (await answers(path)) return held;
      removeStale(path, found, nursery);
    }
    return held;
  } finally {
    if (!claimed && server.listening) await new Promise((resolve) => server.close(resolve));
    // libuv would unlink the name it was bound to, whatever lies there at the close: here nothing can.
    rmSync(nursery, { recursive: true, force: true });
  }
}

/** Resolves when the server listens at the place, which on Linux may have a longer path than a socket can. */
async function listen(server: Server, newborn: string, nursery: string): Promise<void> {
  const tooLong = Buffer.byteLength(newborn) > 103;
  // Node 20 would cut it off silently, and bind something else.
  if (tooLong && process.platform !== "linux") {
    throw new LoopsError("LOOPS_SOCKET_PATH", `[socket] no socket has room in ${nursery}; choose a shorter path`);
  }
  await new Promise<void>((resolve, reject) => {
    // The nursery's name may be longer than the one it makes room for. The descriptor of a directory is a short one.
    const directory = tooLong ? openSync(nursery, "r") : undefined;
    // Open as long as the server: at its close libuv unlinks the name, which must lead nowhere else then.
    if (directory !== undefined) server.once("close", () => closeSync(directory));
    server.once("error", reject);
    server.listen(directory === undefined ? newborn : `/proc/self/fd/${directory}/s`, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

/** Gives what lies at `from` a place where nothing lies; `false` where something does. */
function tryPut(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return false;
    if (!noLinks.includes(code)) throw error;
    // A file system without links to sockets: a look and then a move are the best it can do.
    if (lookAt(to) !== undefined) return false;
    renameSync(from, to);
    return true;
  }
}

function lookAt(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

function same(a: Stats | undefined, b: Stats): boolean {
  return a !== undefined && a.ino === b.ino && a.dev === b.dev;
}

/** Whether somebody listens there. Only a refusal says no: in doubt somebody does. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    const end = (answer: boolean) => {
      probe.destroy();
      resolve(answer);
    };
    probe.setTimeout(probeTimeoutMs, () => end(true));
    probe.once("connect", () => end(true));
    probe.once("error", ({ code }: NodeJS.ErrnoException) => end(code !== "ECONNREFUSED" && code !== "ENOENT"));
  });
}

/**
 * Takes a stale socket away. Several processes may try at once, and one may have put its own there meanwhile: moving is
 * one step for all, so what was moved is looked at, and goes back if it is another.
 */
function removeStale(path: string, stale: Stats, nursery: string): void {
  if (!same(lookAt(path), stale)) return;
  const moved = join(nursery, "stale");
  try {
    renameSync(path, moved);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  if (!same(lookAt(moved), stale)) tryPut(moved, path);
  rmSync(moved, { force: true });
}

function claimOf(path: string, own: Stats): Claim {
  const holds = () => same(lookAt(path), own);
  return {
    path,
    holds,
    release() {
      if (holds()) rmSync(path, { force: true });
    },
  };
}
