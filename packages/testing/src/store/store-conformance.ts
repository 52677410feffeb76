import { AssertionError } from "node:assert/strict";
import { LoopsError } from "@loops/core";
import { requireCall } from "../conformance/require-call.js";
import { Random, randomSeed } from "../random.js";
import { allStoreChecks } from "./all-checks.js";
import type { StoreCheck } from "./check.js";
import { type StoreNeed, storeNeeds, unmetStoreNeeds } from "./needs.js";
import type { StoreConformanceOptions } from "./options.js";
import { runStoreCheck } from "./run-check.js";

/** A check without its inside: what it promises, what it needs (see `storeNeeds`), how its defect is usually mended. */
export type StoreCheckInfo = Pick<StoreCheck, "id" | "title" | "needs" | "mend">;

/** What {@link storeConformance} has registered. */
export interface StoreConformancePlan {
  /** Ids of the checks that are run: what passing proves. */
  readonly registered: readonly string[];
  /** Checks that are not, and the needs that the capabilities do not meet. */
  readonly notRegistered: readonly { readonly id: string; readonly unmet: readonly StoreNeed[] }[];
}

/** Every check of a store, in the order of registration. */
export const storeChecks: readonly StoreCheckInfo[] = allStoreChecks.map(({ id, title, needs, mend }) => ({
  id,
  title,
  needs,
  mend,
}));

const DEFAULT_PATIENCE_MS = 10_000;

/**
 * Registers one test for each promise of `StateStore` that the declared capabilities allow to try, with the `test`
 * function of any runner. A failure says which promise is broken, what was expected and seen, and how it is usually
 * mended.
 *
 * @returns which checks are registered, and which are not for want of what
 * @throws LoopsError `LOOPS_CONFIG` for a call that is wrong: no `test`, a misspelt capability, a known gap that names no
 * registered check
 */
export function storeConformance(options: StoreConformanceOptions): StoreConformancePlan {
  requireCall("storeConformance", options, Object.keys(storeNeeds));
  const { test, name, create, capabilities = {}, knownGaps = [], patienceMs = DEFAULT_PATIENCE_MS } = options;
  const { seed = randomSeed() } = options;
  const judged = allStoreChecks.map((check) => ({ check, unmet: unmetStoreNeeds(check.needs, capabilities) }));
  const checks = judged.filter(({ unmet }) => unmet.length === 0).map(({ check }) => check);
  const registered = checks.map((check) => check.id);
  for (const id of knownGaps) if (!registered.includes(id)) throw unknownGap(name, id, registered);
  for (const check of checks) {
    const isGap = knownGaps.includes(check.id);
    test(`${name}: ${check.title} (${check.id}${isGap ? ", known gap" : ""})`, async () => {
      const random = new Random(seed);
      const lesson = await runStoreCheck(check, { name, create, capabilities, patienceMs, random, checks });
      if (isGap && lesson === undefined) throw closedGap(name, check.id);
      if (!isGap && lesson !== undefined) throw lesson;
    });
  }
  const notRegistered = judged
    .filter(({ unmet }) => unmet.length > 0)
    .map(({ check, unmet }) => ({ id: check.id, unmet }));
  return { registered, notRegistered };
}

function unknownGap(name: string, id: string, registered: readonly string[]): LoopsError {
  const why = allStoreChecks.some((check) => check.id === id) ? "a check that the capabilities leave out" : "no check";
  return new LoopsError(
    "LOOPS_CONFIG",
    `[${name}] the known gap "${id}" names ${why}; checks: ${registered.join(", ")}`,
  );
}

function closedGap(name: string, id: string): AssertionError {
  const message = `[${name}] the known gap "${id}" is closed: the store keeps this promise now. Delete it from knownGaps.`;
  return new AssertionError({ message, operator: "conformance" });
}
