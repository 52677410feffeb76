import { AssertionError } from "node:assert/strict";
import { LoopsError } from "@loops/core";
import { Random, randomSeed } from "../random.js";
import { allChecks } from "./all-checks.js";
import type { Check } from "./check.js";
import { type Need, unmetNeeds } from "./needs.js";
import type { ConformanceOptions } from "./options.js";
import { requireCall } from "./require-call.js";
import { capabilityNames, requireUsableCapabilities } from "./require-capabilities.js";
import { runCheck } from "./run-check.js";

/** A check without its inside: what it promises, what it needs (see `transportNeeds`), how its defect is usually mended. */
export type CheckInfo = Pick<Check, "id" | "title" | "needs" | "mend">;

/** What {@link transportConformance} has registered. */
export interface ConformancePlan {
  /** Ids of the checks that are run: what passing proves. */
  readonly registered: readonly string[];
  /** Checks that are not, and the needs that the capabilities do not meet. */
  readonly notRegistered: readonly { readonly id: string; readonly unmet: readonly Need[] }[];
}

/** Every check of the kit, in the order of registration. */
export const transportChecks: readonly CheckInfo[] = allChecks.map(({ id, title, needs, mend }) => ({
  id,
  title,
  needs,
  mend,
}));

const DEFAULT_PATIENCE_MS = 4000;

/**
 * Registers one test for each promise of the transport protocol that the declared capabilities allow to try, with the
 * `test` function of any runner. A failure says which promise is broken, what was expected and seen, and how it is
 * usually mended.
 *
 * @returns which checks are registered, and which are not for want of what
 * @throws LoopsError `LOOPS_CONFIG` for a call that is wrong: no `test`, a misspelt capability or fault, unusable bounds, a known
 * gap that names no registered check
 */
export function transportConformance(options: ConformanceOptions): ConformancePlan {
  requireCall("transportConformance", options, capabilityNames);
  const { test, name, create, capabilities = {}, knownGaps = [], patienceMs = DEFAULT_PATIENCE_MS } = options;
  const { seed = randomSeed() } = options;
  requireUsableCapabilities(name, capabilities);
  const judged = allChecks.map((check) => ({ check, unmet: unmetNeeds(check.needs, capabilities) }));
  const checks = judged.filter(({ unmet }) => unmet.length === 0).map(({ check }) => check);
  const registered = checks.map((check) => check.id);
  requireKnown(name, knownGaps, registered);
  for (const check of checks) {
    const isGap = knownGaps.includes(check.id);
    test(`${name}: ${check.title} (${check.id}${isGap ? ", known gap" : ""})`, async () => {
      const random = new Random(seed);
      const lesson = await runCheck(check, { name, create, capabilities, patienceMs, random, checks });
      if (isGap) requireStillBroken(name, check.id, lesson);
      else if (lesson !== undefined) throw lesson;
    });
  }
  const notRegistered = judged
    .filter(({ unmet }) => unmet.length > 0)
    .map(({ check, unmet }) => ({ id: check.id, unmet }));
  return { registered, notRegistered };
}

function requireKnown(name: string, knownGaps: readonly string[], registered: readonly string[]): void {
  for (const id of knownGaps) {
    if (registered.includes(id)) continue;
    const why = allChecks.some((check) => check.id === id) ? "a check that the capabilities leave out" : "no check";
    throw new LoopsError(
      "LOOPS_CONFIG",
      `[${name}] the known gap "${id}" names ${why}; checks: ${registered.join(", ")}`,
    );
  }
}

function requireStillBroken(name: string, id: string, lesson: Error | undefined): void {
  if (lesson !== undefined) return;
  const message = `[${name}] the known gap "${id}" is closed: the transport keeps this promise now. Delete it from knownGaps.`;
  throw new AssertionError({ message, operator: "conformance" });
}
