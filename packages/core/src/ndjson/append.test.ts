import fs, { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { isLoopsError } from "../errors.js";
import { type AppendFile, type AppendOptions, openAppend, type WriteError, writeAllSync } from "./append.js";

function newPath(content?: string): string {
  const directory = mkdtempSync(join(tmpdir(), "ndjson-append-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const path = join(directory, "events.jsonl");
  if (content !== undefined) writeFileSync(path, content);
  return path;
}

function open(path: string, options?: AppendOptions): AppendFile {
  const file = openAppend(path, options);
  onTestFinished(() => file.close());
  return file;
}

/** A `writeSync` that does, one call after the other, what `script` says: write so many bytes, or fail. */
function scripted(script: readonly (number | string)[]) {
  const calls = [...script];
  const writeSync = ((fd: number, bytes: Uint8Array, offset: number, length: number) => {
    const call = calls.shift() ?? length;
    if (typeof call === "string") throw Object.assign(new Error(call), { code: call });
    return fs.writeSync(fd, bytes, offset, Math.min(call, length));
  }) as typeof fs.writeSync;
  return { ...fs, writeSync };
}

describe("openAppend", () => {
  it("makes a file for its owner only, and appends", () => {
    const path = newPath();
    const file = open(path);
    file.write(Buffer.from("a\n"));
    file.write(Buffer.from("b\n"));
    expect(readFileSync(path, "utf8")).toBe("a\nb\n");
    if (process.platform !== "win32") expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(file).toMatchObject({ ended: false, sizeBytes: 0 });
  });

  it("ends a torn last line, so that it swallows no further record, and says so", () => {
    const path = newPath('{"a":1}\n{"b":');
    const file = open(path);
    file.write(Buffer.from('{"c":3}\n'));
    expect(readFileSync(path, "utf8")).toBe('{"a":1}\n{"b":\n{"c":3}\n');
    expect(file).toMatchObject({ ended: true, sizeBytes: 14 });
  });

  it("leaves a file alone whose last line has its end", () => {
    const path = newPath("a\n");
    expect(open(path)).toMatchObject({ ended: false, sizeBytes: 2 });
    expect(readFileSync(path, "utf8")).toBe("a\n");
  });

  it("refuses an existing file where it must be new", () => {
    expect(() => openAppend(newPath("a\n"), { exclusive: true })).toThrow("EEXIST");
  });

  it("J-5: tells when its file was moved, deleted or replaced from outside", () => {
    const path = newPath();
    const file = open(path);
    expect(file.moved()).toBe(false);
    renameSync(path, `${path}.1`);
    expect(file.moved()).toBe(true);
    writeFileSync(path, "another one");
    expect(file.moved()).toBe(true);
  });

  it("closes once, however often it is asked to", () => {
    const file = openAppend(newPath());
    file.close();
    const other = open(newPath()); // Takes the descriptor that became free: a second close would hit it.
    file.close();
    other.write(Buffer.from("still open\n"));
    expect(readFileSync(other.path, "utf8")).toBe("still open\n");
  });

  it("closes its descriptor where the repair fails", () => {
    let closed = 0;
    const closeSync = (fd: number) => {
      closed += 1;
      fs.closeSync(fd);
    };
    expect(() => openAppend(newPath("torn"), { fs: { ...scripted(["ENOSPC"]), closeSync } })).toThrow("ENOSPC");
    expect(closed).toBe(1);
  });
});

describe("writeAllSync", () => {
  it("finishes short writes and repeats interrupted and refused ones", () => {
    const path = newPath();
    const file = open(path, { fs: scripted([1, "EINTR", 2, "EAGAIN", 1, 0, 3]) });
    file.write(Buffer.from("0123456789\n"));
    expect(readFileSync(path, "utf8")).toBe("0123456789\n");
  });

  it("gives up after a bounded number of attempts without progress", () => {
    const refusing = scripted(Array(10_000).fill("EINTR"));
    expect(() => writeAllSync(1, Buffer.from("x"), refusing)).toThrow("EINTR");
    const stuck = scripted(Array(10_000).fill(0));
    const { fd } = open(newPath());
    expect(() => writeAllSync(fd, Buffer.from("x"), stuck)).toThrow("accepts no more");
  });

  it("says how much was written before it failed, and why", () => {
    const path = newPath();
    const file = open(path, { fs: scripted([4, "ENOSPC"]) });
    let thrown: unknown;
    try {
      file.write(Buffer.from("0123456789"));
    } catch (error) {
      thrown = error;
    }
    expect(isLoopsError(thrown, "LOOPS_WRITE")).toBe(true);
    expect((thrown as WriteError).writtenBytes).toBe(4);
    expect((thrown as WriteError).cause).toMatchObject({ code: "ENOSPC" });
    expect(readFileSync(path, "utf8")).toBe("0123");
  });

  it.runIf(existsSync("/dev/full"))("reports a device that is really full", () => {
    const fd = fs.openSync("/dev/full", "a");
    onTestFinished(() => fs.closeSync(fd));
    expect(() => writeAllSync(fd, Buffer.from("x\n"))).toThrow("wrote 0 of 2 bytes: ENOSPC");
  });
});
