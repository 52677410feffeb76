import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ConsumeGroupOptions } from "../../src/index.js";

const program = fileURLToPath(new URL("fixtures/consumer.mjs", import.meta.url));

interface ProcessOptions extends Partial<Omit<ConsumeGroupOptions, "handle">> {
  readonly consumer: string;
  /** How long it works on an event. */
  readonly handleMs: number;
  /** Whether its handler ends when it is told to. @default true */
  readonly heedSignal?: boolean;
}

/** A process of its own with one consumer; `folder` is where it writes down what it does. */
export function consumerProcess(folder: string, options: ProcessOptions) {
  const log = join(folder, `${options.consumer}.log`);
  const child = spawn(process.execPath, [program, JSON.stringify({ ...options, log })], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  const lines = () => (existsSync(log) ? readFileSync(log, "utf8").split("\n").slice(0, -1) : []);
  /** The numbers of the events of which it has written `word`. */
  const numbersOf = (word: "begin" | "end" | "abort") =>
    lines()
      .filter((line) => line.startsWith(`${word} `))
      .map((line) => Number(line.split(" ")[1]));
  return {
    name: options.consumer,
    child,
    lines,
    numbersOf,
    /** Ends it and waits until it is gone. */
    async end(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, "exit");
      child.kill(signal);
      await gone;
    },
  };
}
