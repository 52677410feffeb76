import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { errorMessage, LoopsError } from "@loops/core";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { boundedOutput } from "./bounded-output.js";
import { drain } from "./drain.js";
import type { McpSdk } from "./mcp-sdk.js";
import type { McpStdioServer } from "./mcp-server.js";
import { endGroup, signalGroup } from "./process-group.js";

/** Waits for one line on standard input, and becomes the server; what follows that line is the server's. */
const gateScript = 'read -r LOOPS_GATE || exit 125; exec "$0" "$@"';

/** How long a server may take to end by itself once its input has ended. */
const endGraceMs = 1_000;
/** From SIGTERM to SIGKILL, and how long a group may take to vanish after that. */
const killGraceMs = 1_000;
const afterKillMs = 1_000;

const maxStderrBytes = 16 * 1024;
const drainMs = 250;
/** As shells say of what they do not find, and of what they may not execute. */
const notFound = [126, 127];

/** A server's process. It waits at its gate until the client connects. */
export interface McpProcess extends Transport {
  /** Also the number of its process group. */
  readonly pid: number;
  /** The end of what it said on standard error. */
  stderr(): string;
  /** Whether it never came to life, because there is no such program. */
  isMissing(): boolean;
  /** Resolves when nothing of its process group is left; with `atOnce` it is not given the time to end by itself. */
  end(atOnce: boolean): Promise<void>;
  /** Ends it at its gate. */
  discard(): void;
}

/**
 * Makes the process of a server in a process group of its own, so that it can be recorded, and ended with all that it
 * started.
 *
 * @throws LoopsError `LOOPS_ACTION_SPAWN`
 */
export async function spawnMcpServer(
  sdk: McpSdk,
  server: McpStdioServer,
  around: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): Promise<McpProcess> {
  const isWindows = process.platform === "win32";
  const { command, args = [], cwd = around.cwd } = server;
  let child: ChildProcess;
  try {
    child = spawn(isWindows ? command : "/bin/sh", isWindows ? args : ["-c", gateScript, command, ...args], {
      cwd,
      env: { ...sdk.getDefaultEnvironment(), ...around.env, ...server.env },
      stdio: ["pipe", "pipe", "pipe"],
      detached: !isWindows,
      windowsHide: true,
    });
    // Without a pid there is an "error" to come, which `once` throws.
    if (child.pid === undefined) await once(child, "spawn");
  } catch (cause) {
    const message = `[mcp-runner] the server ${JSON.stringify(command)} could not be started in ${cwd}: ${errorMessage(cause)}`;
    throw new LoopsError("LOOPS_ACTION_SPAWN", message, { cause });
  }
  return new ServerProcess(child, sdk);
}

class ServerProcess implements McpProcess {
  onmessage?: Transport["onmessage"];
  onclose?: () => void;
  onerror?: (error: Error) => void;
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #sdk: McpSdk;
  readonly #stderr = boundedOutput(maxStderrBytes);
  readonly #exited: Promise<unknown>;
  #isOpen = false;

  constructor(child: ChildProcess, sdk: McpSdk) {
    this.#child = child;
    this.#sdk = sdk;
    this.pid = child.pid ?? -1;
    this.#exited = new Promise<void>((resolve) => child.once("exit", () => resolve())).then(() => this.#onExit());
    child.on("error", (error) => this.onerror?.(error));
    // A server that is gone cannot be told anything: its end says so.
    child.stdin?.on("error", () => child.stdin?.destroy());
    child.stderr?.on("data", (chunk: Buffer) => this.#stderr.write(chunk)).on("error", () => child.stderr?.destroy());
  }

  async start(): Promise<void> {
    const buffer = new this.#sdk.ReadBuffer();
    this.#child.stdout?.on("data", (chunk: Buffer) => {
      try {
        buffer.append(chunk);
      } catch (error) {
        // A message without end: what comes after it cannot be read either.
        this.onerror?.(error as Error);
        this.#child.stdout?.destroy();
        this.#close();
        return;
      }
      this.#read(buffer);
    });
    this.#isOpen = true;
    if (process.platform !== "win32") this.#child.stdin?.write("\n");
  }

  /** Where the server reads no more, its end or the deadline of the action is the answer. */
  async send(message: Parameters<Transport["send"]>[0]): Promise<void> {
    const { stdin } = this.#child;
    if (stdin === null || !stdin.writable || stdin.write(this.#sdk.serializeMessage(message))) return;
    await new Promise<void>((resolve) => {
      const settle = () => {
        stdin.off("drain", settle).off("close", settle);
        resolve();
      };
      stdin.once("drain", settle).once("close", settle);
    });
  }

  /** Its process is ended by whoever made it, who waits for that. */
  async close(): Promise<void> {
    this.#close();
  }

  stderr(): string {
    return this.#stderr.text();
  }

  isMissing(): boolean {
    return notFound.includes(this.#child.exitCode ?? 0);
  }

  async end(atOnce: boolean): Promise<void> {
    this.#child.stdin?.end();
    if (!atOnce) await Promise.race([this.#exited, delay(endGraceMs, undefined, { ref: false })]);
    await endGroup(this.pid, { killGraceMs, timeoutMs: killGraceMs + afterKillMs });
    await drain(this.#outputs(), 0);
  }

  discard(): void {
    if (this.#child.exitCode === null && this.#child.signalCode === null) signalGroup(this.pid, "SIGKILL");
    this.#child.stdin?.destroy();
    for (const stream of this.#outputs()) stream.destroy();
  }

  /** What it said before its end is read first: an answer, or why it ended. */
  async #onExit(): Promise<void> {
    await drain(this.#outputs(), drainMs);
    this.#close();
  }

  #read(buffer: InstanceType<McpSdk["ReadBuffer"]>): void {
    for (;;) {
      try {
        const message = buffer.readMessage();
        if (message === null) return;
        this.onmessage?.(message);
      } catch (error) {
        // A line that is no message: servers print such things, and the next one may be an answer.
        this.onerror?.(error as Error);
      }
    }
  }

  #outputs() {
    return [this.#child.stdout, this.#child.stderr].filter((stream) => stream !== null);
  }

  #close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.onclose?.();
  }
}
