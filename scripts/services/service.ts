import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** A server that a test started: on loopback, in a folder of its own, ended with the test process at the latest. */
export class Service {
  readonly #start: () => ChildProcess;
  readonly #ready: RegExp;
  readonly #passing: RegExp | undefined;
  #child: ChildProcess | undefined;
  #said = "";

  /**
   * @param start spawns the server; standard output and standard error are pipes
   * @param ready what it prints once it can be talked to
   * @param passing what it prints where it cannot start yet, and can a moment later
   */
  constructor(start: () => ChildProcess, ready: RegExp, passing?: RegExp) {
    this.#start = start;
    this.#ready = ready;
    this.#passing = passing;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Starts it, again after a kill, and waits until it can be talked to. */
  async start(timeoutMs = 20_000): Promise<void> {
    for (const ends = performance.now() + timeoutMs; ; await sleep(20)) {
      try {
        return await this.#attempt(timeoutMs);
      } catch (error) {
        if (this.#passing?.test(this.#said) !== true || performance.now() >= ends) throw error;
      }
    }
  }

  async #attempt(timeoutMs: number): Promise<void> {
    this.#said = "";
    const child = this.#start();
    this.#child = child;
    await new Promise<void>((resolve, reject) => {
      const fail = (why: string) => {
        child.kill("SIGKILL");
        reject(new Error(`${child.spawnfile} ${why}:\n${this.#said}`));
      };
      const timer = setTimeout(fail, timeoutMs, `was not ready within ${timeoutMs} ms`);
      child.once("error", reject);
      child.once("exit", (code, signal) => {
        clearTimeout(timer);
        fail(`ended with ${code ?? signal}`);
      });
      const listen = (text: Buffer) => {
        this.#said = (this.#said + String(text)).slice(-10_000);
        if (!this.#ready.test(this.#said)) return;
        clearTimeout(timer);
        resolve();
      };
      child.stdout?.on("data", listen);
      child.stderr?.on("data", listen);
    });
  }

  /** Stops it where it is, as a machine that hangs would. */
  pause(): void {
    this.#child?.kill("SIGSTOP");
  }

  resume(): void {
    this.#child?.kill("SIGCONT");
  }

  /** Ends it without a word, and waits until it is gone. */
  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill(signal);
    child.kill("SIGCONT");
    await gone;
  }
}

/** A command line that ends with this process, however that ends; without the tool for it, as it is. */
export function boundToThisProcess(setpriv: string | undefined, command: readonly string[], user?: string): string[] {
  if (setpriv === undefined) return [...command];
  const identity = user === undefined ? [] : [`--reuid=${user}`, `--regid=${user}`, "--clear-groups"];
  return [setpriv, ...identity, "--pdeathsig", "KILL", ...command];
}

export function spawnService([command = "", ...args]: readonly string[], cwd: string): ChildProcess {
  return spawn(command, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
}

/** A port on loopback that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** Starts what `serve` makes of a free port, and on another one where somebody else took that in between. */
export async function startOnFreePort(serve: (port: number) => Service): Promise<{ port: number; service: Service }> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const service = serve(port);
    try {
      await service.start();
      return { port, service };
    } catch (error) {
      if (attempt === 3) throw error;
    }
  }
}
