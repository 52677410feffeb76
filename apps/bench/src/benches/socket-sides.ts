import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Bus, createBus, isoNow, newEventId } from "@loops/core";
import { socketTransport } from "@loops/socket";
import { type WebSocket, WebSocketServer } from "ws";
import type { Side } from "../bench.js";
import { fiveFields } from "../events.js";

export type Face = "unix" | "websocket";

/** So much may wait for all clients together before a side lets them catch up. */
const maxWaitingBytes = 4 * 1024 * 1024;

const lookAfterEvents = 500;

/** A server with clients that read, and a way to emit to all of them. */
export interface Emitter {
  /** One event to every client; returns without waiting. */
  emit(extra?: object): void;
  /** How many clients it has. A client may be connected before it has. */
  clients(): number;
  waitingBytes(): number;
  /** Resolves when nothing waits any more. */
  drained(): Promise<unknown>;
  close(): Promise<void>;
}

export interface TargetedEmitter extends Emitter {
  /** Where clients connect to: a path, or a URL. */
  readonly target: string;
}

/** Clients in a process of their own, of which several sides may have some. */
export class ClientProcess {
  readonly #child: ChildProcess;
  #number = 0;

  constructor() {
    // Beside this file when it runs as source, and still there when it is bundled.
    const places = ["./socket-clients.mjs", "../src/benches/socket-clients.mjs"];
    const script = places.map((place) => fileURLToPath(new URL(place, import.meta.url))).find(existsSync);
    this.#child = fork(script ?? "", { execArgv: [] });
  }

  /** Resolves when the emitter has so many clients. */
  async open(side: string, { target, clients }: TargetedEmitter, count: number): Promise<void> {
    const number = ++this.#number;
    await this.#ask({ side, open: target, count, number }, (answer) => answer.opened === number);
    while (clients() < count) await new Promise((resolve) => setTimeout(resolve, 1));
  }

  /** Resolves when each client of the side has so many frames, since it was opened. */
  reach(side: string, total: number): Promise<void> {
    return this.#ask({ side, total }, (answer) => answer.reached === side);
  }

  #ask(question: object, isAnswer: (answer: { opened?: number; reached?: string }) => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const onExit = () => reject(new Error("the process of the clients has ended"));
      const onMessage = (answer: object) => {
        if (!isAnswer(answer)) return;
        this.#child.off("message", onMessage).off("exit", onExit);
        resolve();
      };
      this.#child.on("message", onMessage).on("exit", onExit);
      this.#child.send(question);
    });
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill();
    await ended;
  }
}

/** Our bus with the transport. Nothing may be dropped, so its bounds are far. */
export async function ourEmitter(face: Face, folder: string): Promise<TargetedEmitter> {
  const transport = socketTransport({
    path: face === "unix" ? join(folder, "ours.sock") : false,
    websocket: face === "websocket",
    maxClients: 64,
    maxClientFrames: 1_000_000,
    maxClientBytes: 64 * 1024 * 1024,
  });
  await transport.ready();
  const bus: Bus = createBus();
  bus.addTransport(transport);
  const { path, url } = transport.address();
  return {
    target: path ?? url ?? "",
    emit: (extra) => bus.emit(extra === undefined ? fiveFields : { ...fiveFields, ...extra }),
    clients: () => transport.clients.connected,
    waitingBytes: () => transport.clients.queuedBytes,
    drained: () => transport.flush(),
    close: async () => void (await bus.close()),
  };
}

/** What one would write: the event as JSON, once, and a write to each client. */
export async function bareEmitter(face: Face, folder: string): Promise<TargetedEmitter> {
  const { event, ...fields } = fiveFields;
  const text = (extra?: object) => JSON.stringify({ event, ts: isoNow(), id: newEventId(), ...fields, ...extra });
  const sockets: Socket[] = [];
  const waitingBytes = () => sockets.reduce((sum, socket) => sum + socket.writableLength, 0);
  const drained = async () => {
    while (waitingBytes() > 0) await new Promise((resolve) => setTimeout(resolve, 1));
  };
  if (face === "unix") {
    const path = join(folder, "theirs.sock");
    const server = createServer((socket) => sockets.push(socket.on("error", () => {})));
    await once(server.listen(path), "listening");
    return {
      target: path,
      emit(extra) {
        const line = `${text(extra)}\n`;
        for (const socket of sockets) socket.write(line);
      },
      clients: () => sockets.length,
      waitingBytes,
      drained,
      async close() {
        for (const socket of sockets) socket.destroy();
        server.close();
      },
    };
  }
  const clients: WebSocket[] = [];
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false });
  server.on("connection", (client, request) => {
    clients.push(client.on("error", () => {}));
    sockets.push(request.socket);
  });
  await once(server, "listening");
  const address = server.address();
  return {
    target: `ws://127.0.0.1:${typeof address === "object" ? address?.port : ""}`,
    emit(extra) {
      const message = text(extra);
      for (const client of clients) client.send(message);
    },
    clients: () => clients.length,
    waitingBytes,
    drained,
    async close() {
      for (const client of clients) client.terminate();
      server.close();
    },
  };
}

/** Emits so many events in each turn of the event loop. Ends when every client has all of them. */
export function inTurns(emitter: Emitter, eventsPerTurn: number, arrived: (total: number) => Promise<void>): Side {
  let total = 0;
  return {
    async run(iterations) {
      let unseen = 0;
      for (let done = 0; done < iterations; ) {
        const end = Math.min(iterations, done + eventsPerTurn);
        unseen += end - done;
        for (; done < end; done++) emitter.emit();
        await new Promise((resolve) => setImmediate(resolve));
        if (unseen < lookAfterEvents) continue;
        unseen = 0;
        if (emitter.waitingBytes() > maxWaitingBytes) await emitter.drained();
      }
      total += iterations;
      await arrived(total);
      return iterations;
    },
  };
}
