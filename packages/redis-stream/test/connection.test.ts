import { inspect } from "node:util";
import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Redis as RedisServer, startRedis } from "../../../scripts/services/redis.js";
import { requireProgram } from "../../../scripts/services/require-program.js";
import { Connection, redactUrl } from "../src/connection.js";

const command = await requireProgram("redis-server", "connections to Redis");

describe.skipIf(command === undefined)("a connection", () => {
  let server: RedisServer;
  const open: Connection[] = [];
  const connect = (options: ConstructorParameters<typeof Connection>[1] = {}) => {
    const connection = new Connection("redis-stream", { url: server.url, connectTimeoutMs: 300, ...options });
    open.push(connection);
    return connection;
  };
  const get = (connection: Connection, timeoutMs = 1000, signal?: AbortSignal) =>
    connection.run((client) => client.get("answer"), { timeoutMs, signal });

  beforeAll(async () => {
    server = await startRedis(command ?? "", { appendfsync: "always" });
    await connect().run((client) => client.set("answer", "42"), { timeoutMs: 1000 });
  });
  afterEach(() => {
    for (const connection of open.splice(0)) connection.close();
  });
  afterAll(() => server.stop());

  it("is made by the first command, and made anew after the server was killed and has come back", async () => {
    const connection = connect();
    expect(await get(connection)).toBe("42");
    await server.service.kill();
    await expect(get(connection)).rejects.toThrow(
      expect.objectContaining({
        code: "LOOPS_REDIS_CONNECTION",
        message: expect.stringMatching(/^\[redis-stream\] cannot connect to redis:.*ECONNREFUSED/),
      }),
    );
    await server.service.start();
    expect(await get(connection)).toBe("42");
  });

  it("a command that is under way when the server dies fails at once", async () => {
    const connection = connect();
    await get(connection);
    const reading = connection.run((client) => client.xread("BLOCK", 0, "STREAMS", "none", "$"), { timeoutMs: 60_000 });
    const failed = expect(reading).rejects.toThrow("Connection is closed");
    await server.service.kill();
    await failed;
    await server.service.start();
  });

  it("cuts a connection whose server hangs, connected or not, and goes on when it does", async () => {
    const connection = connect();
    await get(connection);
    server.service.pause();
    try {
      await expect(get(connection, 50)).rejects.toThrow("no answer within 50 ms; the connection is cut");
      await expect(get(connection, 50)).rejects.toThrow("no answer within 300 ms");
      await expect(get(connection, 50, AbortSignal.timeout(20))).rejects.toThrow(
        "not connected when the wait was ended",
      );
    } finally {
      server.service.resume();
    }
    expect(await get(connection)).toBe("42");
  });

  it("an abort ends a wait, and close ends what is under way and all that comes", async () => {
    const connection = connect();
    await get(connection);
    const block = (signal?: AbortSignal) =>
      connection.run((client) => client.xread("BLOCK", 0, "STREAMS", "none", "$"), { timeoutMs: 60_000, signal });
    await expect(block(AbortSignal.timeout(20))).rejects.toThrow("the wait was ended");
    await get(connection);
    const blocked = expect(block()).rejects.toThrow();
    await get(connect());
    connection.close();
    await blocked;
    await expect(get(connection)).rejects.toThrow(expect.objectContaining({ code: "LOOPS_CLOSED" }));
  });

  it("R-14: a caller's client lends its address and its prefix, and is left as it is", async () => {
    const client = new Redis(server.url, { keyPrefix: "app:" });
    try {
      const connection = connect({ client });
      expect(connection.keyPrefix).toBe("app:");
      expect(await get(connection)).toBe("42");
      connection.close();
      expect(await client.ping()).toBe("PONG");
    } finally {
      client.disconnect();
    }
  });

  it("R-7: the URL is the option, else REDIS_URL, else the usual one; an empty option counts as absent", async () => {
    const before = process.env["REDIS_URL"];
    try {
      process.env["REDIS_URL"] = server.url;
      expect(await get(connect({ url: "" }))).toBe("42");
      expect(await get(connect({ url: undefined }))).toBe("42");
      process.env["REDIS_URL"] = "";
      // Nobody connects: what is there is not ours.
      expect(() => connect({ url: "" })).not.toThrow();
    } finally {
      if (before === undefined) delete process.env["REDIS_URL"];
      else process.env["REDIS_URL"] = before;
    }
  });

  it("an error holds no arguments: neither the password nor the events of a batch can get into a log with it", async () => {
    const url = `redis://me:secret@127.0.0.1:${server.port}`;
    const login: unknown = await get(connect({ url })).catch((error) => error);
    const refused: unknown = await connect()
      .run((client) => client.eval("return redis.error_reply('ERR no')", 0, "secret"), { timeoutMs: 1000 })
      .catch((error) => error);
    const aborted: unknown = await connect()
      .run((client) => client.multi().call("XADD", "answer", "secret").exec(), { timeoutMs: 1000 })
      .catch((error) => error);
    for (const error of [login, refused, aborted]) {
      expect(error).toBeInstanceOf(Error);
      expect(inspect(error, { depth: null, showHidden: true })).not.toContain("secret");
    }
  });

  it("a database that cannot be chosen is no connection: nothing goes into another one", async () => {
    const url = server.url.replace(/0$/, "99");
    await expect(get(connect({ url }))).rejects.toThrow("DB index is out of range");
    await expect(get(connect({ client: new Redis(url, { lazyConnect: true }) }))).rejects.toThrow("DB index");
  });

  it("nothing in the URL changes how commands fail, or where keys are", async () => {
    const url = `${server.url}?keyPrefix=app:&enableOfflineQueue=true&maxRetriesPerRequest=9`;
    const connection = connect({ url });
    expect(await get(connection)).toBe("42");
    const options = await connection.run(async (client) => client.options, { timeoutMs: 1000 });
    expect(options).toMatchObject({ keyPrefix: "", enableOfflineQueue: false, maxRetriesPerRequest: 0 });
  });

  it("refuses what is no address, and shows no password", () => {
    for (const url of ["redis://:p#ss@host", "redis://:secret@127.0.0.1:99999", "redis://host:port"]) {
      expect(() => connect({ url })).toThrow(/^\[redis-stream\] url is no valid address .*"redis:\/\/(?!.*secret)/);
    }
    expect(() => connect({ url: "http://me:secret@host" })).toThrow(
      '[redis-stream] url must begin with redis:// or rediss://, or be the path of a socket, not "http://***@host"',
    );
    expect(redactUrl("redis://:p@ss@host:1/0?password=x")).toBe("redis://***@host:1/0");
  });
});
