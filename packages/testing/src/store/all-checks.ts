import type { StoreCheck } from "./check.js";
import { archiveChecks } from "./checks/archive.js";
import { commitChecks } from "./checks/commits.js";
import { declarationChecks } from "./checks/declaration.js";
import { faultChecks } from "./checks/faults.js";
import { killChecks } from "./checks/kill.js";
import { listChecks } from "./checks/lists.js";
import { mixChecks } from "./checks/mix.js";
import { ownershipChecks } from "./checks/ownership.js";
import { requestChecks } from "./checks/requests.js";
import { takeoverChecks } from "./checks/takeover.js";

/** Every promise a store can be held to, in the order of registration. */
export const allStoreChecks: readonly StoreCheck[] = [
  ...declarationChecks,
  ...commitChecks,
  ...ownershipChecks,
  ...takeoverChecks,
  ...requestChecks,
  ...listChecks,
  ...archiveChecks,
  ...faultChecks,
  ...killChecks,
  ...mixChecks,
];
