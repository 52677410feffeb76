import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { JsonlTransportOptions } from "../src/jsonl-options.js";

const program = fileURLToPath(new URL("./fixtures/flushing-writer.mjs", import.meta.url));

/** A process that writes until it is told to close, or is killed. */
export interface FlushingProcess {
  readonly pid: number;
  /** Number of the last event that a flush had reported. */
  flushed(): number;
  /** Codes of the errors that were reported. */
  errors(): readonly string[];
  /** Lets it close its bus and end. */
  finish(): void;
  kill(): void;
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>;
}

/**
 * @param under `wrap`: a command that ends with `"$@"`, to run the process under limits; `full`: what it does with a file
 * that takes no more
 */
export function startWriter(
  path: string,
  writer: string,
  count: number,
  options: Partial<JsonlTransportOptions>,
  under: { readonly wrap?: string; readonly full?: "moves" | "empties" } = {},
): FlushingProcess {
  const command = [process.execPath, program, path, writer, String(count), JSON.stringify(options)];
  if (under.full !== undefined) command.push(under.full);
  const [file = "", ...args] = under.wrap === undefined ? command : ["sh", "-c", under.wrap, "sh", ...command];
  const child = spawn(file, args, { stdio: ["pipe", "pipe", "inherit"] });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    output += chunk;
  });
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal }));
  });
  const lines = (kind: string) =>
    output
      .slice(0, output.lastIndexOf("\n") + 1)
      .split("\n")
      .filter((line) => line.startsWith(`${kind} `))
      .map((line) => line.slice(kind.length + 1));
  return {
    pid: child.pid as number,
    flushed: () => Number(lines("flushed").at(-1) ?? -1),
    errors: () => lines("error"),
    finish: () => child.stdin.end(),
    kill: () => void child.kill("SIGKILL"),
    ended,
  };
}
