import type { AssertionError } from "node:assert/strict";
import { type LessonContext, lessonOf, NotTried, notTriedError, Violation } from "../conformance/violation.js";
import type { Random } from "../random.js";
import { outcomeOf } from "../wait.js";
import type { StoreCheck } from "./check.js";
import { requireStore } from "./checks/declaration.js";
import { StoreHarness } from "./harness.js";
import type { StoreConformanceOptions, StoreSubject } from "./options.js";

export interface RunStoreCheckOptions extends Pick<StoreConformanceOptions, "name" | "create"> {
  readonly capabilities: NonNullable<StoreConformanceOptions["capabilities"]>;
  readonly patienceMs: number;
  readonly random: Random;
  /** Every check that is registered. */
  readonly checks: readonly StoreCheck[];
}

/**
 * Puts one promise to the test, with a store of its own that is released whatever happens.
 *
 * @returns the lesson, where the promise is broken and no simpler check says so
 * @throws what `create` or `cleanup` threw, and AssertionError where `create` did not return what it should: no fault
 * of the store
 */
export async function runStoreCheck(
  check: StoreCheck,
  options: RunStoreCheckOptions,
): Promise<AssertionError | undefined> {
  const { name, patienceMs, random } = options;
  const subject = await options.create();
  let broken: unknown;
  try {
    broken = await tryOut(check, subject, options);
  } finally {
    await subject?.cleanup?.();
  }
  if (broken === undefined) return undefined;
  const seed = random.used ? random.seed : undefined;
  const context: LessonContext = { name, ...check, reported: [], seed };
  if (broken instanceof NotTried && check.id !== "declaration") throw notTriedError(broken, context);
  // A random mix stumbles over everything: one defect, one message, that of the check which comes to it by fewer steps.
  if (check.id === "interleavings" && (await isSeenBySimpler(options))) return undefined;
  if (broken instanceof Violation) return lessonOf(broken, context);
  return lessonOf(broken ?? new Violation(`the check ends within ${patienceMs} ms`, "it never ended"), context);
}

/** What was thrown, `null` where it never ended; `undefined` where the promise is kept. */
async function tryOut(check: StoreCheck, subject: StoreSubject, options: RunStoreCheckOptions): Promise<unknown> {
  const { patienceMs } = options;
  const harness = new StoreHarness(subject, options);
  try {
    const outcome = await outcomeOf(async () => {
      requireStore(subject);
      await check.run(harness);
    }, patienceMs);
    if (outcome.state === "resolved") return undefined;
    return outcome.state === "rejected" ? (outcome.error ?? new Error("nothing")) : null;
  } finally {
    await outcomeOf(() => subject?.faults?.heal(), patienceMs);
    await outcomeOf(() => harness.releaseAll(), patienceMs);
  }
}

async function isSeenBySimpler(options: RunStoreCheckOptions): Promise<boolean> {
  for (const check of options.checks) {
    if (check.id === "interleavings" || check.id === "kill") continue;
    if ((await runStoreCheck(check, options)) !== undefined) return true;
  }
  return false;
}
