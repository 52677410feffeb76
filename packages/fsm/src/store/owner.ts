import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { join } from "node:path";
import type { OwnerIdentity } from "@loops/core";
import { isAlive, ownIdentity } from "@loops/core/process";
import { writeFile } from "./atomic-write.js";
import { isFile } from "./read-file.js";
import type { StoreContext } from "./store-context.js";
import { readFailed, runOwned, writeFailed } from "./store-errors.js";

/** Who took a run over, one file for each epoch. */
export interface OwnerFile {
  readonly epoch: number;
  readonly path: string;
  /** `null`: nothing that was written to the end, as after a loss of power; such an owner counts as dead. */
  readonly owner: OwnerIdentity | null;
}

/** With an epoch that a number holds exactly: nobody gets so far as others, and to count on from them is impossible. */
const ownerFile = /^([^.].*)\.owner\.(?:0|[1-9]\d{0,14})$/s;

/**
 * The owner files of a run, the newest last.
 *
 * @param names of the files to look among. @default all there are
 * @throws LoopsError `LOOPS_STORE_READ` where one cannot be read: its owner may live
 */
export function readOwners(
  { fs, layout }: StoreContext,
  stem: string,
  names: readonly string[] = listDirectory(fs, layout.running),
): readonly OwnerFile[] {
  const prefix = `${stem}.owner.`;
  return names
    .filter((name) => name.startsWith(prefix) && ownerFile.exec(name)?.[1] === stem)
    .map((name) => Number(name.slice(prefix.length)))
    .sort((a, b) => a - b)
    .map((epoch) => {
      const path = layout.owner(stem, epoch);
      return { epoch, path, owner: readOwner(fs, path) };
    });
}

/** The stems that any of these names is an owner file of. */
export function ownedStems(names: readonly string[]): readonly string[] {
  return [...new Set(names.flatMap((name) => ownerFile.exec(name)?.[1] ?? []))];
}

/** The owner that lives or may live; `null` where the run is free to take. */
export function livingOwner(owners: readonly OwnerFile[]): (OwnerFile & { readonly owner: OwnerIdentity }) | null {
  const newest = owners.at(-1);
  if (newest === undefined || newest.owner === null) return null;
  const { owner } = newest;
  return isElsewhere(owner) || isAlive(owner) ? { ...newest, owner } : null;
}

export interface Claim<T> {
  readonly epoch: number;
  readonly path: string;
  readonly owner: OwnerIdentity;
  /** What was on record once the run was ours. */
  readonly record: T;
}

const maxAttempts = 20;

/**
 * Takes a run over. The file of the new epoch is made exclusively and with its content; of several that try, one wins.
 * Then older owner files go, which is how an owner that was taken for dead and lives finds out.
 *
 * @param read what is on record, with the epoch of the last commit; called again once the run is ours, because an
 * owner may have come and gone since
 * @throws LoopsError `LOOPS_RUN_OWNED`, `LOOPS_STORE_WRITE`, and what `read` throws
 */
export function claim<T extends { readonly epoch: number } | null>(
  context: StoreContext,
  stem: string,
  runId: string,
  read: () => T,
): Claim<T> {
  const owner = ownIdentity();
  for (let attempt = 1; ; attempt += 1) {
    const owners = readOwners(context, stem);
    const living = livingOwner(owners);
    if (living !== null) throw runOwned(runId, living.owner, living.path, isElsewhere(living.owner));
    const epoch = Math.max(owners.at(-1)?.epoch ?? 0, read()?.epoch ?? 0) + 1;
    const path = context.layout.owner(stem, epoch);
    if (linkOwner(context, path, owner)) {
      const claimed = keepIfAlone(context, stem, path, epoch, read);
      if (claimed !== null) return { epoch, path, owner, record: claimed.record };
    }
    // Somebody else is quicker each time: whoever it is, the run is not free.
    if (attempt === maxAttempts) throw runOwned(runId, readOwner(context.fs, path) ?? owner, path, false);
    pauseAtRandom();
  }
}

/** Gives a claim up. */
export function removeOwner({ fs, warn }: StoreContext, path: string): void {
  try {
    fs.rmSync(path, { force: true });
  } catch (error) {
    const message = "the owner file stays behind; the run is free once this process has ended";
    warn({ type: "not_removed", path, message, error });
  }
}

/** Two that gave way to each other must not meet again. Synchronous, as all of the store is; some milliseconds. */
function pauseAtRandom(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Math.random() * 5);
}

function keepIfAlone<T extends { readonly epoch: number } | null>(
  context: StoreContext,
  stem: string,
  path: string,
  epoch: number,
  read: () => T,
): { readonly record: T } | null {
  try {
    const owners = readOwners(context, stem);
    const record = read();
    // An owner that lives may have come, and even committed, between the look at the owners and the making of this
    // file: then both give way to each other, and whoever comes back first has it.
    const others = owners.filter((other) => other.epoch !== epoch);
    if (livingOwner(others) === null && owners.at(-1)?.epoch === epoch && (record?.epoch ?? 0) < epoch) {
      removeOlderFiles(context, stem, epoch);
      return { record };
    }
  } catch (error) {
    removeOwner(context, path);
    throw error;
  }
  removeOwner(context, path);
  return null;
}

const leftOver = /^(?:owner\.(\d+)(?:\.(\d+)-[0-9a-f]+\.tmp)?|state\.json\.(\d+)\.tmp)$/;

/** Owner files of former epochs, and what former owners that were killed left of files they were about to put in place. */
function removeOlderFiles(context: StoreContext, stem: string, epoch: number): void {
  const { fs, layout } = context;
  const prefix = `${stem}.`;
  for (const name of listDirectory(fs, layout.running)) {
    if (!name.startsWith(prefix)) continue;
    const match = leftOver.exec(name.slice(prefix.length));
    if (match === null) continue;
    const [, ownerEpoch, pid, viewEpoch] = match;
    // Of this epoch too, by one that was killed before it could claim it.
    const isNobodys = pid !== undefined && !isAlive({ pid: Number(pid), start_time: null, boot_id: null });
    if (isNobodys || Number(ownerEpoch ?? viewEpoch) < epoch) removeOwner(context, join(layout.running, name));
  }
}

/** `false` where somebody else was quicker. A link gives the file its name and its content in one step. */
function linkOwner(context: StoreContext, path: string, owner: OwnerIdentity): boolean {
  const temporary = `${path}.${process.pid}-${randomBytes(4).toString("hex")}.tmp`;
  try {
    writeFile(context, temporary, Buffer.from(`${JSON.stringify(owner)}\n`));
    context.fs.linkSync(temporary, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw writeFailed(path, error);
  } finally {
    removeOwner(context, temporary);
  }
}

function isElsewhere(owner: OwnerIdentity): boolean {
  return owner.host !== hostname();
}

function readOwner(fs: StoreContext["fs"], path: string): OwnerIdentity | null {
  const text = readOwnerFile(fs, path);
  if (text === null) return null;
  try {
    const owner = JSON.parse(text) as Partial<OwnerIdentity> | null;
    return typeof owner?.pid === "number" && typeof owner.host === "string" ? (owner as OwnerIdentity) : null;
  } catch {
    return null; // Never written to the end: no owner has begun to act.
  }
}

/** `null` where it was removed meanwhile. Too many open files, say, must not make a living owner a dead one. */
function readOwnerFile(fs: StoreContext["fs"], path: string): string | null {
  try {
    return isFile(fs, path) ? fs.readFileSync(path, "utf8") : null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw readFailed(path, error, "Whether the run is owned cannot be told: see to it that the file can be read.");
  }
}

/** The names in a directory, sorted; none where it does not exist. */
export function listDirectory(fs: StoreContext["fs"], directory: string): readonly string[] {
  try {
    return fs.readdirSync(directory).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw readFailed(directory, error);
  }
}
