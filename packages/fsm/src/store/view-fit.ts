import { closeSync, openSync, readSync } from "node:fs";
import { isFile } from "./read-file.js";
import type { JournalPosition } from "./recover.js";
import type { StoreContext } from "./store-context.js";
import type { View } from "./view.js";

/**
 * Why a view is not to be believed, `null` where it is: it has to be as it was written, and the journal has to have its
 * last commit where it says, of its run. What lies before that place is not looked at.
 */
export function viewProblem(
  fs: StoreContext["fs"],
  { intact, state }: View,
  { seq, epoch, offset }: JournalPosition,
  journal: string,
): string | null {
  if (!intact) return "its checksum does not fit its content: it was edited or damaged";
  const line = lineEndingAt(fs, journal, offset);
  if (line === null) return `no commit of ${journal} ends at byte ${offset}, where it says that its own does`;
  const mark = line["commit"] as { readonly epoch?: unknown } | null | undefined;
  // Of a later epoch than its last commit, if an owner took the run over and gave it up without one.
  const fits = line["seq"] === seq && typeof mark?.epoch === "number" && mark.epoch <= epoch;
  if (!fits) return `the commit of ${journal} that ends at byte ${offset} is not the one it was written behind`;
  const { run_id = state.run_id } = line;
  return run_id === state.run_id ? null : `${journal} is that of run ${String(run_id)}`;
}

const firstWindowBytes = 16 * 1024;

/** The record whose line ends at `offset`, read backwards from there; `null` where none does. */
function lineEndingAt(fs: StoreContext["fs"], path: string, offset: number): Readonly<Record<string, unknown>> | null {
  if (!Number.isSafeInteger(offset) || offset < 1) return null;
  let fd: number;
  try {
    if (!isFile(fs, path)) return null;
    fd = openSync(path, "r");
  } catch {
    return null; // Reading the whole journal comes next, and says what is wrong with it.
  }
  try {
    for (let window = firstWindowBytes; ; window *= 4) {
      const start = Math.max(0, offset - window);
      const bytes = Buffer.alloc(offset - start);
      if (readSync(fd, bytes, 0, bytes.length, start) < bytes.length || bytes.at(-1) !== 0x0a) return null;
      const before = bytes.lastIndexOf(0x0a, -2);
      if (before === -1 && start > 0) continue;
      return parseLine(bytes.toString("utf8", before + 1));
    }
  } finally {
    closeSync(fd);
  }
}

function parseLine(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null; // No line of ours: what is there instead is for recovery to say.
  }
}
