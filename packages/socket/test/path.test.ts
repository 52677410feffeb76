import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createBus, type WireContext } from "@loops/core";
import { afterEach, describe, expect, it, type Mock, onTestFinished, vi } from "vitest";
import { createTransport } from "../src/create-transport.js";
import { listenAddress } from "../src/socket-path.js";
import { type SocketTransport, socketTransport } from "../src/socket-transport.js";
import { LineClient, temporaryDirectory, until } from "./live-clients.js";

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

function started(options: Parameters<typeof socketTransport>[0]): SocketTransport {
  const transport = socketTransport({ onError: () => {}, ...options });
  onTestFinished(() => transport.close());
  return transport;
}

/** A process that listens, or says why it does not. */
async function processAt(path: string): Promise<{ child: ChildProcess; answer: string }> {
  const script = fileURLToPath(new URL("./fixtures/listens.mjs", import.meta.url));
  const child = spawn(process.execPath, [script, path], { stdio: ["pipe", "pipe", "inherit"] });
  children.push(child);
  const [chunk] = await once(child.stdout as NodeJS.ReadableStream, "data");
  return { child, answer: String(chunk).trim() };
}

async function killed({ child }: { child: ChildProcess }): Promise<void> {
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}

describe.skipIf(process.platform === "win32")("a path of the file system", () => {
  const directoryOf = () => temporaryDirectory(onTestFinished);

  it("S-3: is made with its parents, and nobody but its owner may connect", async () => {
    const path = join(directoryOf(), "a", "b", "events.sock");
    await started({ path }).ready();
    expect(lstatSync(path).isSocket()).toBe(true);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(path, ".."))).toEqual(["events.sock"]);
  });

  it("S-3: is private from the first moment: it is bound where nobody else may enter, and appears as it stays", async () => {
    const directory = directoryOf();
    const path = join(directory, "events.sock");
    const modes = new Set<string>();
    const umask = process.umask(0);
    onTestFinished(() => void process.umask(umask));
    // Bound in the very turn: every step on the way to its place is looked at.
    const transport = started({ path });
    for (let step = 0; step < 1000 && transport.address().path === undefined; step++) {
      for (const name of readdirSync(directory)) {
        const { mode } = lstatSync(join(directory, name));
        modes.add(`${name === "events.sock" ? "socket" : "nursery"} ${(mode & 0o777).toString(8)}`);
      }
      await Promise.resolve();
      if (step % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await transport.ready();
    expect(transport.address().path).toBe(path);
    for (const mode of modes) expect(["nursery 700", "socket 600"]).toContain(mode);
    expect(modes).toContain("nursery 700");
  });

  it("S-3: that another process listens to is not taken, and its clients stay", async () => {
    const path = join(directoryOf(), "events.sock");
    const owner = await processAt(path);
    expect(owner.answer).toBe("listens");
    const { ino } = lstatSync(path);
    const client = new LineClient(path);
    await once(client.socket, "connect");
    const errors: unknown[] = [];
    const late = started({ path, onError: (error) => errors.push(error) });
    await until(() => errors.length > 0, "it is reported");
    expect(errors[0]).toMatchObject({ code: "LOOPS_SOCKET_HELD" });
    await expect(late.ready()).rejects.toMatchObject({ code: "LOOPS_SOCKET_HELD" });
    expect(late.address().path).toBeUndefined();
    await late.close();
    expect(lstatSync(path).ino).toBe(ino);
    expect(client.closed).toBe(false);
    client.socket.destroy();
  });

  it("S-4: that is held leaves a sink that goes on counting, and a WebSocket face that works", async () => {
    const path = join(directoryOf(), "events.sock");
    await started({ path }).ready();
    const late = started({ path, websocket: true });
    await expect(late.ready()).rejects.toMatchObject({ code: "LOOPS_SOCKET_HELD" });
    expect(late.address()).toMatchObject({ path: undefined, url: expect.stringMatching(/^ws:/) });
    const bus = createBus();
    bus.addTransport(late);
    bus.emit({ event: "counted" });
    expect(late.stats()).toMatchObject({ received: 1, delivered: 1 });
  });

  it("S-4: of a process that was killed makes room", async () => {
    const path = join(directoryOf(), "events.sock");
    await killed(await processAt(path));
    expect(lstatSync(path).isSocket()).toBe(true);
    const transport = started({ path });
    await transport.ready();
    const client = new LineClient(path);
    await until(() => transport.clients.connected === 1, "a client is connected");
    client.socket.destroy();
  });

  it("S-3: where a file lies is refused, and the file stays", async () => {
    const path = join(directoryOf(), "events.sock");
    writeFileSync(path, "precious");
    const transport = started({ path });
    await expect(transport.ready()).rejects.toMatchObject({ code: "LOOPS_SOCKET_PATH" });
    await transport.close();
    expect(readFileSync(path, "utf8")).toBe("precious");
    expect(readdirSync(join(path, ".."))).toEqual(["events.sock"]);
  });

  it("S-4: of a stale socket, wanted by several processes at once, one gets, and the others see that it is held", async () => {
    const directory = directoryOf();
    const path = join(directory, "events.sock");
    for (let round = 0; round < (process.env["LOOPS_LONG"] === "1" ? 30 : 2); round++) {
      await killed(await processAt(path));
      const racers = await Promise.all(Array.from({ length: 4 }, () => processAt(path)));
      const answers = racers.map(({ answer }) => answer).sort();
      expect(answers).toEqual(["LOOPS_SOCKET_HELD", "LOOPS_SOCKET_HELD", "LOOPS_SOCKET_HELD", "listens"]);
      await Promise.all(racers.map(killed));
      expect(readdirSync(directory)).toEqual(["events.sock"]);
    }
  });

  it("S-18: is removed at close", async () => {
    const path = join(directoryOf(), "events.sock");
    const transport = started({ path });
    await transport.ready();
    await transport.close();
    expect(existsSync(path)).toBe(false);
  });

  it("S-18: that leads to another's socket by now is left alone at close", async () => {
    const directory = directoryOf();
    const path = join(directory, "events.sock");
    const transport = started({ path });
    await transport.ready();
    renameSync(path, join(directory, "moved"));
    const other: Server = createServer().listen(path);
    onTestFinished(() => void other.close());
    await once(other, "listening");
    const { ino } = lstatSync(path);
    await transport.close();
    expect(lstatSync(path).ino).toBe(ino);
  });

  it("S-4: a start that fails is raised where it is awaited, and leaves nothing behind", async () => {
    const directory = directoryOf();
    const locked = join(directory, "file");
    writeFileSync(locked, "");
    const transport = started({ path: join(locked, "events.sock") });
    await expect(transport.ready()).rejects.toMatchObject({ code: "LOOPS_SOCKET_LISTEN" });
    await transport.close();
    expect(readdirSync(directory)).toEqual(["file"]);
  });

  it.runIf(process.platform === "linux")("S-3: of 107 bytes works, one of 108 is refused", async () => {
    const directory = directoryOf();
    const deep = join(directory, "d".repeat(107 - Buffer.byteLength(directory) - 3));
    mkdirSync(deep);
    const path = join(deep, "s");
    expect(Buffer.byteLength(path)).toBe(107);
    const transport = started({ path });
    await transport.ready();
    const client = new LineClient(path);
    await until(() => transport.clients.connected === 1, "a client is connected");
    client.socket.destroy();
    await transport.close();
    expect(readdirSync(deep)).toEqual([]);
    const tooLong = started({ path: `${path}s` });
    await expect(tooLong.ready()).rejects.toMatchObject({ code: "LOOPS_SOCKET_PATH", message: /108 bytes/ });
    expect(readdirSync(deep)).toEqual([]);
  });

  it("S-1: by default is events.sock, and one with the process's id where another loop has that", async () => {
    const directory = directoryOf();
    const transports = [started({ directory }), started({ directory }), started({ directory })];
    for (const transport of transports) await transport.ready();
    expect(transports.map((transport) => transport.address().path)).toEqual(
      ["events.sock", `events-${process.pid}.sock`, `events-${process.pid}-2.sock`].map((name) =>
        join(directory, name),
      ),
    );
    expect(readdirSync(directory)).toHaveLength(3);
  });

  it("survives a close while it begins", async () => {
    const directory = directoryOf();
    for (let step = 0; step < 10; step++) {
      const transport = started({ directory });
      for (let i = 0; i < step; i++) await Promise.resolve();
      if (step > 7) await new Promise((resolve) => setImmediate(resolve));
      await transport.close();
    }
    await until(() => readdirSync(directory).length === 0, "nothing is left");
  });

  it.runIf(process.getuid?.() !== 0)("S-4: in a directory that is closed to us fails with the reason", async () => {
    const directory = directoryOf();
    chmodSync(directory, 0o500);
    onTestFinished(() => chmodSync(directory, 0o700));
    await expect(started({ path: join(directory, "s") }).ready()).rejects.toMatchObject({
      code: "LOOPS_SOCKET_LISTEN",
    });
  });
});

describe("on Windows", () => {
  it("S-5, C-10: a path becomes the name of a pipe, one for each path", () => {
    expect(listenAddress("C:\\project\\.ll\\events.sock", "win32")).toBe("\\\\.\\pipe\\c-project-.ll-events.sock");
    expect(listenAddress("C:/project/.ll/events.sock", "win32")).toBe("\\\\.\\pipe\\c-project-.ll-events.sock");
    expect(listenAddress("C:\\other\\.ll\\events.sock", "win32")).not.toBe(
      listenAddress("C:\\project\\.ll\\events.sock", "win32"),
    );
    expect(listenAddress("\\\\.\\pipe\\mine", "win32")).toBe("\\\\.\\pipe\\mine");
  });
});

describe("by configuration", () => {
  it("C-10, S-5: where no socket can be had the wiring throws, with the reason", async () => {
    const directory = temporaryDirectory(onTestFinished);
    writeFileSync(join(directory, "file"), "");
    const wired = createTransport({ path: "file/events.sock" }, context(directory));
    await expect(wired).rejects.toMatchObject({ code: "LOOPS_SOCKET_LISTEN", message: /cannot listen to .*ENOTDIR/ });
  });

  function context(baseDir: string): WireContext & { warn: Mock<(message: string) => void> } {
    return {
      baseDir,
      resolvePath: (path) => join(baseDir, path.replace(/^\.ll\//, "")),
      warn: vi.fn<(message: string) => void>(),
    };
  }

  it("C-2, C-7: path and max_clients are taken; the path lies below the base directory", async () => {
    const directory = temporaryDirectory(onTestFinished);
    const transport = (await createTransport(
      { path: ".ll/own.sock", maxClients: 1 },
      context(directory),
    )) as SocketTransport;
    onTestFinished(() => transport.close());
    expect(transport.address()).toEqual({ path: join(directory, "own.sock"), url: undefined });
  });

  it("C-2: without options it is events.sock of the base directory; websocket is a section in snake_case", async () => {
    const directory = temporaryDirectory(onTestFinished);
    const options = { websocket: { max_payload_bytes: 100, path: "/live" } };
    const transport = (await createTransport(options, context(directory))) as SocketTransport;
    onTestFinished(() => transport.close());
    expect(transport.address()).toEqual({
      path: join(directory, "events.sock"),
      url: expect.stringMatching(/\/live$/),
    });
  });

  it("C-12: a snapshot is what the caller passes; a section of a file has none", async () => {
    const directory = temporaryDirectory(onTestFinished);
    const options = { snapshot: () => [{ run_id: "a", status: "running" }] };
    const transport = (await createTransport(options, context(directory))) as SocketTransport;
    onTestFinished(() => transport.close());
    const client = new LineClient(transport.address().path ?? "");
    expect(await client.have("state_change")).toMatchObject([{ run_id: "a", status: "running" }]);
    client.socket.destroy();
  });

  it("a path that is held warns, and what cannot be a path throws", async () => {
    const directory = temporaryDirectory(onTestFinished);
    await started({ path: join(directory, "held.sock") }).ready();
    const surroundings = context(directory);
    const transport = (await createTransport({ path: "held.sock", typo: 1 }, surroundings)) as SocketTransport;
    onTestFinished(() => transport.close());
    expect(transport.address().path).toBeUndefined();
    expect(surroundings.warn.mock.calls.flat()).toEqual([
      expect.stringContaining("typo"),
      expect.stringContaining("somebody listens"),
    ]);
    writeFileSync(join(directory, "file"), "");
    await expect(createTransport({ path: "file" }, surroundings)).rejects.toMatchObject({ code: "LOOPS_SOCKET_PATH" });
    await expect(createTransport({ path: 5 }, surroundings)).rejects.toMatchObject({ code: "LOOPS_CONFIG" });
    rmSync(join(directory, "file"));
  });
});
