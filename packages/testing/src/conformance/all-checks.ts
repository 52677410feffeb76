import type { Check } from "./check.js";
import { accountingChecks } from "./checks/accounting.js";
import { arrivalChecks } from "./checks/arrival.js";
import { boundsChecks } from "./checks/bounds.js";
import { closeChecks } from "./checks/close.js";
import { contentChecks } from "./checks/content.js";
import { declarationChecks } from "./checks/declaration.js";
import { flushChecks } from "./checks/flush.js";
import { handleChecks } from "./checks/handles.js";
import { isolationChecks } from "./checks/isolation.js";
import { recoveryChecks } from "./checks/recovery.js";

/** Every promise a transport can be held to, in the order of registration. */
export const allChecks: readonly Check[] = [
  ...declarationChecks,
  ...arrivalChecks,
  ...contentChecks,
  ...isolationChecks,
  ...accountingChecks,
  ...boundsChecks,
  ...flushChecks,
  ...closeChecks,
  ...recoveryChecks,
  ...handleChecks,
];
