import { Socket } from "node:net";
import { errorMessage, LoopsError } from "@loops/core";
import { type Dialect, PostgresDialect } from "kysely";
import type pg from "pg";

export interface Postgres {
  readonly dialect: Dialect;
  /** Breaks every connection: what waits for an answer fails at once. Later queries make new ones. */
  abort(): void;
}

export interface PostgresOptions {
  /**
   * A connection on which nothing has come or gone for so long is broken: what waits for an answer on it fails with
   * `ETIMEDOUT`. Of a server that is cut off the system itself finds that out after a quarter of an hour.
   * @default never
   */
  readonly silenceMs?: number | undefined;
}

/** A pool over the optional peer `pg`; connections are made when they are needed. @throws LoopsError `LOOPS_POSTGRES_DRIVER` */
export async function openPostgres(url: string, { silenceMs }: PostgresOptions = {}): Promise<Postgres> {
  const { Pool } = await loadPg();
  const sockets = new Set<Socket>();
  const stream = () => {
    const socket = new Socket();
    sockets.add(socket);
    if (silenceMs !== undefined) socket.setTimeout(silenceMs, () => socket.destroy(silent(silenceMs)));
    return socket.once("close", () => sockets.delete(socket));
  };
  // One that nobody uses is closed in good order before its silence breaks it.
  const idleTimeoutMillis = Math.min(10_000, (silenceMs ?? Number.POSITIVE_INFINITY) / 2);
  const limits = { max: 5, connectionTimeoutMillis: 10_000, idleTimeoutMillis, keepAlive: true };
  const pool = new Pool({ connectionString: url, ...limits, stream: stream as never });
  // An idle connection that breaks is replaced by the pool; without a listener it would end the process.
  pool.on("error", () => {});
  // One that breaks while it is used tells whoever uses it, and is an uncaught exception as well.
  pool.on("connect", (client) => client.on("error", () => {}));
  const abort = () => {
    for (const socket of sockets) socket.destroy();
  };
  return { dialect: new PostgresDialect({ pool }), abort };
}

function silent(silenceMs: number): Error {
  return Object.assign(new Error(`no answer for ${silenceMs} ms`), { code: "ETIMEDOUT" });
}

async function loadPg(): Promise<typeof pg> {
  try {
    const module = await import("pg");
    return module.default ?? module;
  } catch (cause) {
    throw new LoopsError(
      "LOOPS_POSTGRES_DRIVER",
      `[sqlite] PostgreSQL needs the package pg: npm install pg (${errorMessage(cause).split("\n", 1)[0]})`,
      { cause },
    );
  }
}
