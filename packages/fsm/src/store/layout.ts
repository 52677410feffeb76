import { basename, join, resolve, sep } from "node:path";
import { LoopsError } from "@loops/core";

/** The files of one run that is not archived. */
export interface RunPaths {
  readonly stem: string;
  /** The view. */
  readonly state: string;
  readonly journal: string;
  readonly blobs: string;
  readonly stop: string;
}

/** Where everything lies under the loops directory. Pure: it looks at no file. */
export interface Layout {
  readonly running: string;
  /** Takes any name that a directory can hold: what lies there is to be read, whoever named it. */
  run(stem: string): RunPaths;
  owner(stem: string, epoch: number): string;
  /** Holds the archived runs of all loops. */
  readonly archives: string;
  /** Holds the archived runs of a loop. */
  history(loop: string): string;
  archive(loop: string, runId: string): RunPaths;
  /** Where the later version of the original system put an archived run. */
  flatArchive(loop: string, runId: string): RunPaths;
}

export function createLayout(dir: string): Layout {
  const base = resolve(dir);
  const running = join(base, ".running");
  const archives = join(base, ".history");
  const history = (loop: string) => inside(archives, checkPathPart("loop name", loop));
  return {
    running,
    run(stem) {
      const path = inside(running, stem);
      return {
        stem,
        state: `${path}.state.json`,
        journal: `${path}.events.jsonl`,
        blobs: `${path}.blobs`,
        stop: `${path}.stop`,
      };
    },
    owner: (stem, epoch) => `${inside(running, stem)}.owner.${epoch}`,
    archives,
    history,
    archive: (loop, runId) => archivedAt(runId, inside(history(loop), checkPathPart("run id", runId))),
    flatArchive: (loop, runId) => archivedAt(runId, inside(archives, ownStemOf(loop, runId, `${runId}-${loop}`))),
  };
}

/** Of a name or an id. */
const maxPartBytes = 180;

/** Of a name and a UUID: with the longest ending it still fits the 255 bytes of a file name. */
const maxStemBytes = maxPartBytes + 37;

/** The stem of a run beside another one of its loop. @throws LoopsError `LOOPS_NAME` */
export function ownStemOf(loop: string, runId: string, stem = `${loop}-${runId}`): string {
  checkPathPart("loop name", loop);
  checkPathPart("run id", runId);
  return checkPathPart("loop name with its run id", stem, maxStemBytes);
}

function archivedAt(runId: string, path: string): RunPaths {
  return {
    stem: runId,
    state: join(path, "state.json"),
    journal: join(path, "events.jsonl"),
    blobs: join(path, "blobs"),
    stop: join(path, "stop"),
  };
}

/**
 * Returns `part` if it can stand as one part of a path.
 *
 * @throws LoopsError `LOOPS_NAME` for a name that is empty, leads elsewhere, is hidden, too long, or unprintable
 */
export function checkPathPart(what: string, part: string, maxBytes = maxPartBytes): string {
  // Callers without types pass anything.
  const problem = typeof part === "string" ? problemOf(part, maxBytes) : "is no text";
  if (problem === null) return part;
  throw new LoopsError(
    "LOOPS_NAME",
    `[file-store] ${what} ${JSON.stringify(String(part).slice(0, 120))} ${problem}. Use letters, digits, "-", "_" and ".".`,
  );
}

function problemOf(part: string, maxBytes: number): string | null {
  if (part === "") return "is empty";
  if (part.startsWith(".")) return "begins with a dot";
  if (part.includes("..")) return 'contains ".."';
  if (/[/\\]/.test(part)) return "contains a path separator";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(part)) return "contains a control character";
  if (Buffer.byteLength(part) > maxBytes) return `is longer than ${maxBytes} bytes`;
  return null;
}

/** A second look, on the resolved path: whatever the rules above miss never leaves the directory. */
function inside(directory: string, part: string): string {
  const path = resolve(directory, part);
  if (path === directory + sep + part && basename(path) === part) return path;
  throw new LoopsError("LOOPS_NAME", `[file-store] ${JSON.stringify(part)} leads out of ${directory}.`);
}
