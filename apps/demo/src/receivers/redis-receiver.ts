import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { createRedisLog } from "@loops/redis-stream";
import type { Addresses, Receiver } from "./receiver.js";

/** A stream of its own in the Redis of `REDIS_URL`, else in one that is started for the demo; `null` where there is none. */
export async function startRedisReceiver(
  folder: string,
): Promise<(Receiver & { readonly address: NonNullable<Addresses["redis"]> }) | null> {
  const { REDIS_URL: given = "" } = process.env;
  const own = given === "" ? await startRedis(folder) : null;
  if (given === "" && own === null) return null;
  const address = { url: own?.url ?? given, stream: `loops:demo:${randomUUID()}` };
  return {
    sink: "redis-stream",
    address,
    async ids(runId) {
      const log = createRedisLog(address);
      try {
        const { events } = await log.query();
        return events.filter(({ event }) => event["run_id"] === runId).map(({ event }) => event.id);
      } finally {
        log.close();
      }
    },
    async close() {
      await own?.stop();
    },
  };
}

/** A `redis-server` on loopback that keeps nothing; `null` where there is none to start. */
async function startRedis(folder: string): Promise<{ readonly url: string; stop(): Promise<void> } | null> {
  const port = await freePort();
  const flags = ["--bind", "127.0.0.1", "--port", String(port), "--dir", folder, "--save", "", "--appendonly", "no"];
  const child = spawn("redis-server", flags, { stdio: ["ignore", "pipe", "ignore"] });
  if (!(await isReady(child))) return null;
  const stop = async () => {
    process.off("exit", kill);
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  };
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  return { url: `redis://127.0.0.1:${port}/0`, stop };
}

function isReady(child: ChildProcess): Promise<boolean> {
  return new Promise((resolve) => {
    child.once("error", () => resolve(false));
    child.once("exit", () => resolve(false));
    child.stdout?.on("data", (text) => {
      if (String(text).includes("Ready to accept connections")) resolve(true);
    });
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
