import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { extname, join, sep } from "node:path";
import { LoopsError } from "@loops/core";

export interface PageFile {
  readonly body: Buffer;
  readonly type: string;
  readonly etag: string;
  /** Its name has a hash of its content: it never changes. */
  readonly immutable: boolean;
}

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

/**
 * The files of the page by their path on the server. They are few and small, and are read once: what is asked for later is
 * looked up, never opened, so that no path leads anywhere else.
 *
 * @throws LoopsError `LOOPS_CONFIG` where there is no page
 */
export function readPageFiles(directory: string): ReadonlyMap<string, PageFile> {
  const files = new Map<string, PageFile>();
  for (const name of listFiles(directory)) {
    const type = types[extname(name)];
    if (type === undefined) continue;
    const body = readFile(directory, name);
    const etag = `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`;
    const path = `/${name.split(sep).join("/")}`;
    files.set(path, { body, type, etag, immutable: path.startsWith("/assets/") });
  }
  const index = files.get("/index.html");
  if (index === undefined) throw new LoopsError("LOOPS_CONFIG", `[live] there is no page in ${directory}`);
  return files.set("/", index);
}

/** Looked for before anything else: a wrong directory may have the files of half a disk. */
function listFiles(directory: string): readonly string[] {
  return reading(directory, () => {
    if (!existsSync(join(directory, "index.html"))) return [];
    return readdirSync(directory, { recursive: true, encoding: "utf8" });
  });
}

function readFile(directory: string, name: string): Buffer {
  return reading(directory, () => readFileSync(join(directory, name)));
}

function reading<T>(directory: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new LoopsError("LOOPS_CONFIG", `[live] the page cannot be read from ${directory}`, { cause });
  }
}
