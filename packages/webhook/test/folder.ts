import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { atEnd } from "./sink.js";

/** A folder that is removed after the test. */
export function temporaryFolder(): string {
  const path = mkdtempSync(join(tmpdir(), "loops-webhook-"));
  atEnd(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** The files of a spool that hold events, the oldest first. */
export function segmentsOf(spool: string): string[] {
  return readdirSync(spool)
    .filter((name) => name.endsWith(".jsonl"))
    .sort()
    .map((name) => join(spool, name));
}
