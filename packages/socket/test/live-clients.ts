import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ClientOptions, WebSocket } from "ws";

/** A frame as a client reads it. */
export type Frame = Readonly<Record<string, unknown>> & { readonly event: unknown };

/** Waits for a condition that others bring about. */
export async function until(holds: () => unknown, what: string, timeoutMs = 5000): Promise<void> {
  const gaveUpAt = performance.now() + timeoutMs;
  while (!holds()) {
    if (performance.now() > gaveUpAt) throw new Error(`waited ${timeoutMs} ms in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** What every client collects. */
export class Frames {
  readonly all: Frame[] = [];
  closed = false;

  /** Those that are events, in both forms. */
  get events(): Frame[] {
    return this.all.flatMap((frame) => {
      if (typeof frame.event === "object") return [frame.event as Frame];
      return String(frame.event).startsWith("socket.") ? [] : [frame];
    });
  }

  of(name: string): Frame[] {
    return this.all.filter(({ event }) => event === name);
  }

  async have(name: string, count = 1): Promise<Frame[]> {
    await until(
      () => this.of(name).length >= count,
      `${count} ${name} came; there are ${JSON.stringify(this.all).slice(0, 500)}`,
    );
    return this.of(name);
  }

  async end(): Promise<void> {
    await until(() => this.closed, "the connection ended");
  }
}

export class LineClient extends Frames {
  readonly socket: Socket;
  #rest = "";

  constructor(path: string) {
    super();
    this.socket = connect(path);
    this.socket.setEncoding("utf8").on("data", (text: unknown) => {
      const lines = (this.#rest + String(text)).split("\n");
      this.#rest = lines.pop() ?? "";
      for (const line of lines) this.all.push(JSON.parse(line));
    });
    this.socket.on("error", () => {});
    this.socket.on("close", () => {
      this.closed = true;
    });
  }

  request(request: object): this {
    this.socket.write(`${JSON.stringify({ request })}\n`);
    return this;
  }
}

export class MessageClient extends Frames {
  readonly socket: WebSocket;
  code: number | undefined;
  /** The HTTP status where the server did not upgrade. */
  status: number | undefined;

  constructor(url: string, options: ClientOptions = {}, protocols: string[] = []) {
    super();
    this.socket = new WebSocket(url, protocols, options);
    this.socket.on("message", (data) => this.all.push(JSON.parse(String(data))));
    this.socket.on("unexpected-response", (_request, response) => {
      this.status = response.statusCode;
      response.resume();
      this.closed = true;
    });
    this.socket.on("error", () => {});
    this.socket.on("close", (code) => {
      this.code = code;
      this.closed = true;
    });
  }

  async open(): Promise<this> {
    if (this.socket.readyState !== WebSocket.OPEN) await once(this.socket, "open");
    return this;
  }
}

/** A directory that is gone after the test. */
export function temporaryDirectory(after: (cleanup: () => void) => void): string {
  const directory = mkdtempSync(join(tmpdir(), "loops-so-"));
  after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
