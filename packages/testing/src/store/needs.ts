import type { StoreCapabilities, StoreSubject } from "./options.js";

/** What a check of a store asks for. */
export type StoreNeed = keyof StoreCapabilities;

/** What to declare, and what `create` then returns. */
export const storeNeeds: Readonly<Record<StoreNeed, string>> = {
  shared: "shared: reopen()",
  owners: "owners: setOwner(runId, owner)",
  leases: "leases: expire(runId)",
  corruptible: "corruptible: corrupt(runId)",
  failing: "failing: faults.fail() and faults.heal()",
  killable: "killable: child",
};

/** What `create` has to return for a need. */
export const partOf: Readonly<Record<StoreNeed, keyof StoreSubject>> = {
  shared: "reopen",
  owners: "setOwner",
  leases: "expire",
  corruptible: "corrupt",
  failing: "faults",
  killable: "child",
};

export function unmetStoreNeeds(needs: readonly StoreNeed[], capabilities: StoreCapabilities): readonly StoreNeed[] {
  return needs.filter((need) => capabilities[need] !== true);
}
