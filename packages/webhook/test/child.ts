import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { atEnd } from "./sink.js";

/** Runs a script of `fixtures/`; it is killed at the end of the test. */
export function startChild(script: string, args: readonly string[], nodeArgs: readonly string[] = []): ChildProcess {
  const path = fileURLToPath(new URL(`./fixtures/${script}`, import.meta.url));
  const child = spawn(process.execPath, [...nodeArgs, path, ...args], { stdio: ["pipe", "pipe", "pipe"] });
  atEnd(() => child.kill("SIGKILL"));
  return child;
}

/** Waits until it ends by itself. */
export async function outcomeOf(child: ChildProcess) {
  const [[code], output, errors] = await Promise.all([
    once(child, "exit"),
    text(child.stdout as NodeJS.ReadableStream),
    text(child.stderr as NodeJS.ReadableStream),
  ]);
  return { code, output, errors };
}
