import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onPath } from "./require-program.js";
import { boundToThisProcess, Service, spawnService, startOnFreePort } from "./service.js";

export interface RedisOptions {
  /** `always`: an answer means that it is on disk. @default nothing is kept */
  readonly appendfsync?: "always" | "everysec" | undefined;
  /** Further arguments of `redis-server`, such as `["--maxmemory", "50mb"]` or `["--cluster-enabled", "yes"]`. */
  readonly args?: readonly string[] | undefined;
}

/** A `redis-server` of the test's own. */
export interface Redis {
  /** `redis://127.0.0.1:<port>/0`; the port stays the same over restarts. */
  readonly url: string;
  readonly port: number;
  readonly service: Service;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

/** Starts a `redis-server` on a free port in a temporary folder. `command` is what `requireProgram("redis-server", …)` found. */
export async function startRedis(command: string, { appendfsync, args = [] }: RedisOptions = {}): Promise<Redis> {
  const folder = await mkdtemp(join(tmpdir(), "loops-redis-"));
  const setpriv = onPath("setpriv", process.env["PATH"]);
  const kept =
    appendfsync === undefined ? ["--appendonly", "no"] : ["--appendonly", "yes", "--appendfsync", appendfsync];
  const { port, service } = await startOnFreePort((port) => {
    const options = ["--bind", "127.0.0.1", "--port", String(port), "--dir", folder, "--save", "", ...kept, ...args];
    const line = boundToThisProcess(setpriv, [command, ...options]);
    return new Service(() => spawnService(line, folder), /Ready to accept connections/);
  });
  const stop = async () => {
    await service.kill();
    await rm(folder, { recursive: true, force: true });
  };
  return { url: `redis://127.0.0.1:${port}/0`, port, service, stop };
}
