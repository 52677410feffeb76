import type { Check } from "./check.js";
import { accountingChecks } from "./checks/accounting.js";
import { arrivalChecks } from "./checks/arrival.js";
import { boundsChecks } from "./checks/bounds.js";
import { closeChecks } from "./checks/close.js";
import { declarationChecks } from "./checks/declaration.js";
import { flushChecks } from "./checks/flush.js";
import { handleChecks } from "./checks/handles.js";
import { interleavingChecks } from "./checks/interleavings.js";
import { isolationChecks } from "./checks/isolation.js";
import { killChecks } from "./checks/kill.js";
import { oddEventChecks } from "./checks/odd-events.js";
import { openingChecks } from "./checks/opening.js";
import { recoveryChecks } from "./checks/recovery.js";
import { replayChecks } from "./checks/replay.js";
import { roundTripChecks } from "./checks/round-trip.js";
import { sharedChecks } from "./checks/shared-event.js";
import { stormChecks } from "./checks/storm.js";

/** Every promise a transport can be held to, in the order of registration. */
export const allChecks: readonly Check[] = [
  ...declarationChecks,
  ...openingChecks,
  ...arrivalChecks,
  ...roundTripChecks,
  ...sharedChecks,
  ...oddEventChecks,
  ...isolationChecks,
  ...stormChecks,
  ...accountingChecks,
  ...boundsChecks,
  ...flushChecks,
  ...closeChecks,
  ...recoveryChecks,
  ...interleavingChecks,
  ...killChecks,
  ...replayChecks,
  ...handleChecks,
];
