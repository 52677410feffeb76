import { execFile } from "node:child_process";
import { chown, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { onPath } from "./require-program.js";
import { boundToThisProcess, Service, spawnService, startOnFreePort } from "./service.js";

const run = promisify(execFile);

export interface PostgresOptions {
  /** Further settings, such as `["-c", "max_connections=50"]`. */
  readonly args?: readonly string[] | undefined;
}

/** A PostgreSQL of the test's own. */
export interface Postgres {
  /** `postgres://postgres@127.0.0.1:<port>/postgres`; the port stays the same over restarts. */
  readonly url: string;
  readonly port: number;
  readonly service: Service;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

/** Starts a PostgreSQL on a free port in a temporary folder. `command` is what `requireProgram("postgres", …)` found. */
export async function startPostgres(command: string, { args = [] }: PostgresOptions = {}): Promise<Postgres> {
  const folder = await mkdtemp(join(tmpdir(), "loops-postgres-"));
  const setpriv = onPath("setpriv", process.env["PATH"]);
  // It refuses to run as root; its package brings a user for it.
  const user = process.getuid?.() === 0 ? "postgres" : undefined;
  if (user !== undefined) await chown(folder, await idOf("-u", user), await idOf("-g", user));
  const asUser = (line: readonly string[]) => boundToThisProcess(setpriv, line, user);
  const data = join(folder, "data");
  const initdb = join(dirname(command), "initdb");
  const [first = "", ...rest] = asUser([
    initdb,
    "-D",
    data,
    "-U",
    "postgres",
    "-A",
    "trust",
    "-E",
    "UTF8",
    "--no-sync",
  ]);
  await run(first, rest, { cwd: folder });
  const settings = { listen_addresses: "127.0.0.1", unix_socket_directories: folder, synchronous_commit: "off" };
  const flags = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  // What served a connection may outlive a killed server for a moment.
  const orphans = /pre-existing shared memory block/;
  const { port, service } = await startOnFreePort((port) => {
    const line = asUser([command, "-D", data, "-p", String(port), ...flags, ...args]);
    return new Service(() => spawnService(line, folder), /ready to accept connections/, orphans);
  });
  const stop = async () => {
    await service.kill("SIGQUIT");
    await rm(folder, { recursive: true, force: true });
  };
  return { url: `postgres://postgres@127.0.0.1:${port}/postgres`, port, service, stop };
}

async function idOf(flag: "-u" | "-g", user: string): Promise<number> {
  return Number((await run("id", [flag, user])).stdout);
}
