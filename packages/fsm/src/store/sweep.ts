import { join } from "node:path";
import { isAlive } from "@loops/core/process";
import { clearRun } from "./archive.js";
import { claimOrNull } from "./end-of-run.js";
import { listDirectory, livingOwner, readOwners, removeOwner } from "./owner.js";
import type { StoreContext } from "./store-context.js";

const unfinishedArchive = /^\..+\.(\d+)\.tmp$/s;

/** Removes copies that were to become archived runs, by processes which were killed before that. Their originals are there. */
export function sweepArchives({ fs, layout, warn }: StoreContext, loop: string): void {
  const history = layout.history(loop);
  for (const name of listDirectory(fs, history)) {
    const pid = unfinishedArchive.exec(name)?.[1];
    if (pid === undefined || isAlive({ pid: Number(pid), start_time: null, boot_id: null })) continue;
    const path = join(history, name);
    try {
      fs.rmSync(path, { recursive: true, force: true });
    } catch (error) {
      warn({ type: "not_removed", path, message: "a file of no more use stays behind", error });
    }
  }
}

/**
 * Removes what is left of runs that are gone: of one that was archived by a process which was killed before it had
 * cleared the place, and of one that was killed before its first commit. What belongs to a commit or a view stays.
 *
 * @throws LoopsError `LOOPS_STORE_WRITE`
 */
export function sweep(context: StoreContext): void {
  const stems = listDirectory(context.fs, context.layout.running).flatMap(stemOf);
  for (const stem of new Set(stems)) {
    if (!isEmpty(context, stem) || livingOwner(readOwners(context, stem)) !== null) continue;
    const paths = context.layout.run(stem);
    // Nobody else begins a run there meanwhile.
    const claimed = claimOrNull(context, paths, stem);
    if (claimed === null) continue;
    try {
      if (isEmpty(context, stem)) clearRun(context, paths);
    } finally {
      removeOwner(context, claimed.path);
    }
  }
}

function stemOf(name: string): readonly string[] {
  return /^([^.].*)\.(?:blobs|stop|owner\.\d+)$/s.exec(name)?.slice(1) ?? [];
}

function isEmpty({ fs, layout }: StoreContext, stem: string): boolean {
  const { journal, state } = layout.run(stem);
  const journalBytes = fs.statSync(journal, { throwIfNoEntry: false })?.size ?? 0;
  return journalBytes === 0 && !fs.existsSync(state);
}
