import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

const command = fileURLToPath(new URL("../dist/loops.js", import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Folder {
  readonly path: string;
  write(name: string, content: string): string;
  /** Runs the real command in this folder, in a process of its own. */
  start(...args: readonly string[]): ChildProcess & { readonly ended: Promise<Ended> };
  loops(...args: readonly string[]): Promise<Ended>;
}

/** A directory of this test alone, and the command in it. */
export function folder(env: NodeJS.ProcessEnv = {}): Folder {
  const path = mkdtempSync(join(tmpdir(), "loops-cli-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  const start: Folder["start"] = (...args) => {
    const child = spawn(process.execPath, [command, ...args], {
      cwd: path,
      env: { ...process.env, NO_COLOR: undefined, FORCE_COLOR: undefined, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    const code = new Promise<number | null>((resolve) => child.once("close", resolve));
    const ended = Promise.all([code, text(child.stdout), text(child.stderr)]).then(([code, out, err]) => ({
      code,
      out,
      err,
    }));
    return Object.assign(child, { ended });
  };
  return {
    path,
    write(name, content) {
      const file = join(path, name);
      writeFileSync(file, content);
      return file;
    },
    start,
    loops: (...args) => start(...args).ended,
  };
}

export const countToThree = `name: count
initial: check
states:
  check:
    action: test "$(cat count.txt 2>/dev/null | wc -l)" -ge 2
    on_yes: done
    on_no: add
  add:
    action: echo more >> count.txt; echo added
    next: check
  done: {terminal: true}
`;
