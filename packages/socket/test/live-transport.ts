import { join } from "node:path";
import { type Bus, createBus } from "@loops/core";
import { onTestFinished } from "vitest";
import type { SocketTransportOptions } from "../src/socket-options.js";
import { type SocketTransport, socketTransport } from "../src/socket-transport.js";
import { LineClient, MessageClient, temporaryDirectory, until } from "./live-clients.js";

export const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Text that fills what the operating system takes for a client in a few events. */
export const text = "x".repeat(20_000);

/** A transport of one test on a bus of its own, and what it reported. */
export class LiveTransport {
  readonly bus: Bus = createBus();
  readonly errors: { readonly code: string; readonly message: string }[] = [];
  readonly transport: SocketTransport;
  readonly path: string;

  constructor(options: SocketTransportOptions = {}) {
    this.path = join(temporaryDirectory(onTestFinished), "events.sock");
    this.transport = socketTransport({
      path: this.path,
      onError: (error) => void this.errors.push(error as never),
      ...options,
    });
    onTestFinished(() => this.transport.close({ timeoutMs: 100 }));
    this.bus.addTransport(this.transport);
  }

  static async listening(options: SocketTransportOptions = {}): Promise<LiveTransport> {
    const live = new LiveTransport(options);
    await live.transport.ready();
    return live;
  }

  get url(): string {
    return this.transport.address().url ?? "";
  }

  codes(): string[] {
    return this.errors.map(({ code }) => code);
  }

  emit(count: number, fields: object = {}): void {
    for (let n = 0; n < count; n++) this.bus.emit({ event: "tick", n, ...fields });
  }

  /** A plain client, which the server has accepted. */
  async lines(): Promise<LineClient> {
    const before = this.transport.clients.accepted;
    const client = new LineClient(this.path);
    onTestFinished(() => void client.socket.destroy());
    await until(() => this.transport.clients.accepted > before, "a client was accepted");
    return client;
  }

  /** A client that has stopped to read, and of whose events the first wait at the server. */
  async stalled(): Promise<LineClient> {
    const client = await this.lines();
    client.socket.pause();
    for (let n = 0; this.transport.clients.queuedFrames === 0; n++) {
      this.bus.emit({ event: "fill", text });
      await turn();
      if (n > 1000) throw new Error("it never filled");
    }
    return client;
  }

  async messages(
    query = "",
    ...rest: ConstructorParameters<typeof MessageClient> extends [string, ...infer R] ? R : never
  ): Promise<MessageClient> {
    const client = new MessageClient(this.url + query, ...rest);
    onTestFinished(() => client.socket.terminate());
    await until(() => client.closed || client.socket.readyState === 1, "it is open, or refused");
    return client;
  }
}
