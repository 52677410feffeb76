import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { createColors } from "picocolors";
import { onTestFinished } from "vitest";
import { main } from "../src/main.js";
import type { Terminal } from "../src/terminal.js";

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
  /** Calls the command in this process: for what needs none of its own, in a tenth of the time. */
  call(...args: readonly string[]): Promise<Ended>;
  /** The same, with other properties of the terminal. */
  callOn(terminal: Partial<Terminal>, ...args: readonly string[]): Promise<Ended>;
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
    call: (...args) => call(path, {}, args),
    callOn: (terminal, ...args) => call(path, terminal, args),
  };
}

async function call(path: string, given: Partial<Terminal>, args: readonly string[]): Promise<Ended> {
  const [out, err] = [new PassThrough(), new PassThrough()];
  const said = Promise.all([text(out), text(err)]);
  const terminal: Terminal = {
    out: out as unknown as NodeJS.WriteStream,
    err: err as unknown as NodeJS.WriteStream,
    colors: createColors(false),
    live: false,
    ask: null,
    gone: new AbortController().signal,
    ...given,
  };
  const back = process.cwd();
  process.chdir(path);
  let code: number;
  try {
    code = await main(args, terminal);
  } finally {
    process.chdir(back);
  }
  out.end();
  err.end();
  const [outText, errText] = await said;
  return { code, out: outText, err: errText };
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

/** Waits in its first state until a file is there. */
export const waits = `name: waits
initial: wait
states:
  wait:
    action: echo begun >> log.txt; until [ -e go ]; do sleep 0.02; done
    next: after
  after: {action: echo after >> log.txt, next: done}
  done: {terminal: true}
`;

/** The lines of `log.txt` in a folder, to which {@link waits} adds one in each state. */
export function log({ path }: Folder): readonly string[] {
  const file = join(path, "log.txt");
  return existsSync(file) ? readFileSync(file, "utf8").trimEnd().split("\n") : [];
}
