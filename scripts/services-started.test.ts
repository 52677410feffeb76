import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { startPostgres } from "./services/postgres.js";
import { startRedis } from "./services/redis.js";
import { requireProgram } from "./services/require-program.js";

const redisServer = await requireProgram("redis-server", "Redis");
const postgres = await requireProgram("postgres", "PostgreSQL");

/** What a server says to `words`, up to the first piece of its answer. */
function ask(port: number, words: string | Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(words));
    socket.once("data", (answer) => {
      resolve(String(answer));
      socket.destroy();
    });
    socket.once("error", reject);
  });
}

describe.skipIf(redisServer === undefined)("a Redis of the test's own", () => {
  it("answers, can be killed and comes back with what it had on disk, and leaves nothing", async () => {
    const redis = await startRedis(redisServer ?? "", { appendfsync: "always" });
    try {
      expect(await ask(redis.port, "SET a 1\r\n")).toBe("+OK\r\n");
      await redis.service.kill();
      await expect(ask(redis.port, "PING\r\n")).rejects.toMatchObject({ code: "ECONNREFUSED" });
      await redis.service.start();
      expect(await ask(redis.port, "GET a\r\n")).toBe("$1\r\n1\r\n");
    } finally {
      await redis.stop();
    }
  });
});

describe.skipIf(postgres === undefined)("a PostgreSQL of the test's own", () => {
  it("answers, can be killed and comes back", async () => {
    const server = await startPostgres(postgres ?? "");
    // A request for TLS: eight bytes, and a yes or no.
    const request = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);
    try {
      expect(await ask(server.port, request)).toMatch(/^[SN]$/);
      await server.service.kill("SIGQUIT");
      await expect(ask(server.port, request)).rejects.toMatchObject({ code: "ECONNREFUSED" });
      await server.service.start();
      expect(await ask(server.port, request)).toMatch(/^[SN]$/);
    } finally {
      await server.stop();
    }
  });
});
