import { readlinkSync } from "node:fs";
import type { OwnerIdentity } from "@loops/core";
import { isAlive, isOfAnotherBoot, ownIdentity } from "@loops/core/process";

/** Who has a run, as it is on record. */
export interface StoredOwner extends OwnerIdentity {
  /** Names the table of processes that the pid is of; `null` or absent where the system has only one. */
  readonly pid_namespace?: string | null;
  /** Of the one time that the run was taken: tells it from another lease of the same process. */
  readonly claim?: string;
}

/** What is on record of the owner of a run. */
export interface OwnerRecord {
  readonly owner: string | null;
  /** Whether the lease is not over yet, by the database's clock. */
  readonly lease_holds: boolean;
}

/** From where it is judged whether an owner lives. */
export interface Observer {
  readonly self: StoredOwner;
  /** Whether everybody who uses the database is on this machine: it is a file. */
  readonly oneMachine: boolean;
  /** The leases that are held from here. */
  readonly claims: ReadonlySet<string>;
}

/** This process, as the owner of a run. */
export function ownOwner(): StoredOwner {
  return { ...ownIdentity(), pid_namespace: ownPidNamespace() };
}

/**
 * Whether somebody has the run. Of a process on this machine the system knows: it is dead the moment it is, and alive as
 * long as it is. Of all others only the lease tells.
 */
export function isHeld({ owner, lease_holds }: OwnerRecord, observer: Observer): boolean {
  if (owner === null) return false;
  const identity = parseOwner(owner);
  if (identity === null) return lease_holds;
  // A lease of this process that nobody here knows of: another thread renews it, or its taking was never answered and
  // nobody does.
  if (isThisProcess(observer, identity) && !observer.claims.has(identity.claim ?? "")) return lease_holds;
  if (sees(observer, identity)) return isAlive(identity);
  const wasHere = observer.oneMachine && identity.host === observer.self.host;
  return !(wasHere && isOfAnotherBoot(identity)) && lease_holds;
}

/** An owner, for people. */
export function describeOwner(owner: string | null): string {
  const identity = owner === null ? null : parseOwner(owner);
  return identity === null ? "somebody" : `process ${identity.pid} on ${identity.host}`;
}

/**
 * Whether the system here can tell of that process. By name alone a machine is not known: many are called `localhost`,
 * and containers often the same. The boot tells kernels apart, and the namespace the containers on one.
 */
function sees({ self, oneMachine }: Observer, owner: StoredOwner): boolean {
  const sameKernel = owner.boot_id === self.boot_id && (oneMachine || self.boot_id !== null);
  const { pid_namespace: theirs = self.pid_namespace } = owner;
  return owner.host === self.host && sameKernel && theirs === self.pid_namespace;
}

function isThisProcess(observer: Observer, owner: StoredOwner): boolean {
  const { pid, start_time } = observer.self;
  return sees(observer, owner) && owner.pid === pid && owner.start_time === start_time;
}

function parseOwner(text: string): StoredOwner | null {
  try {
    const owner = JSON.parse(text) as Partial<StoredOwner> | null;
    return typeof owner?.pid === "number" && typeof owner.host === "string" ? (owner as StoredOwner) : null;
  } catch {
    return null; // Not ours: the lease beside it still says how long to leave it alone.
  }
}

function ownPidNamespace(): string | null {
  try {
    return process.platform === "linux" ? readlinkSync("/proc/self/ns/pid") : null;
  } catch {
    return null; // A system that hides it; the host name has to do.
  }
}
