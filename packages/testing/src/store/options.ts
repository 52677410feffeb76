import type { OwnerIdentity, StateStore } from "@loops/core";
import type { ChildScript } from "../conformance/options.js";

/** Switches on what is below a store (a disk, a server), never on the store itself. */
export interface StoreFaults {
  /** From now on nothing can be written: a full disk, a server that answers 503. */
  fail(): void | Promise<void>;
  heal(): void | Promise<void>;
}

/** One store to be tried, with its surroundings. Each check gets its own, and nothing is shared between two. */
export interface StoreSubject {
  /** Fresh: there is no run in it. */
  readonly store: StateStore;
  /** With `shared`: another store on the same runs, as another process would make it. */
  reopen?(): StateStore | Promise<StateStore>;
  /** With `owners`: writes on record that the owner of a run is that one. Whether it lives is the store's to find out. */
  setOwner?(runId: string, owner: OwnerIdentity): void | Promise<void>;
  /** With `leases`: ends the lease of the run's owner, as time does when it is not renewed. */
  expire?(runId: string): void | Promise<void>;
  /** With `corruptible`: damages what is kept of a run so that it cannot be read. Nobody owns the run. */
  corrupt?(runId: string): void | Promise<void>;
  /** With `failing`. */
  readonly faults?: StoreFaults | undefined;
  /** With `killable`: commits to the same runs, in a process of its own. */
  readonly child?: ChildScript | undefined;
  /** Called last, whatever happened: removes files, ends servers. */
  cleanup?(): void | Promise<void>;
}

/** What a store claims to do. Checks that need more are not registered. */
export interface StoreCapabilities {
  /** Several stores, in several processes, can work on the same runs: `create` returns `reopen`. @default false */
  readonly shared?: boolean | undefined;
  /** An owner is a process that may be dead: `create` returns `setOwner`. @default false */
  readonly owners?: boolean | undefined;
  /**
   * Whether an owner on another machine lives is told by a lease that ends when it is not renewed: `create` returns `expire`.
   * @default false
   */
  readonly leases?: boolean | undefined;
  /** What is kept can be damaged from outside: `create` returns `corrupt`. @default false */
  readonly corruptible?: boolean | undefined;
  /** Writing can fail: `create` returns `faults`. @default false */
  readonly failing?: boolean | undefined;
  /** What was committed survives a kill: `create` returns `child`, whose script calls `storeChild`. @default false */
  readonly killable?: boolean | undefined;
}

export interface StoreConformanceOptions {
  /** How the caller's runner registers a test. `(name, run) => test(name, { timeout: 20_000 }, run)` sets its options. */
  test(name: string, run: () => Promise<void>): unknown;
  /** Begins the name of each test. */
  readonly name: string;
  /** Makes one store for one check. */
  create(): StoreSubject | Promise<StoreSubject>;
  /** @default none */
  readonly capabilities?: StoreCapabilities | undefined;
  /**
   * Checks that are known to fail, by id. They run all the same, and fail once the gap is closed, so that it is deleted
   * here.
   */
  readonly knownGaps?: readonly string[] | undefined;
  /** After so long a check is given up. Below the time limit of the runner. @default 10000 */
  readonly patienceMs?: number | undefined;
  /** Repeats the random steps of a check that failed and named its seed. @default another one in each run */
  readonly seed?: number | undefined;
}
