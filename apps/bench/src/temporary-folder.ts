import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder of its own for the files of one benchmark, and what removes it. */
export interface TemporaryFolder {
  readonly path: string;
  remove(): void;
}

export function temporaryFolder(parent = tmpdir()): TemporaryFolder {
  const path = mkdtempSync(join(parent, `loops-bench-${process.pid}-`));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
