import type { AssertionError } from "node:assert/strict";
import type { Random } from "../random.js";
import { outcomeOf } from "../wait.js";
import type { Check } from "./check.js";
import { Harness } from "./harness.js";
import { KitBus } from "./kit-bus.js";
import type { ConformanceOptions, TransportSubject } from "./options.js";
import { requireShape } from "./shape.js";
import { type LessonContext, lessonOf, NotTried, notTriedError, Violation } from "./violation.js";

export interface RunOptions extends Pick<ConformanceOptions, "name" | "create"> {
  readonly capabilities: NonNullable<ConformanceOptions["capabilities"]>;
  readonly patienceMs: number;
  readonly random: Random;
  /** Every check that is registered. */
  readonly checks: readonly Check[];
}

/**
 * Puts one promise to the test, with a subject of its own that is released whatever happens.
 *
 * @returns the lesson, where the promise is broken and no simpler check says so
 * @throws what `create` or `cleanup` threw, and AssertionError where `create` did not return what it should: no fault
 * of the transport
 */
export async function runCheck(check: Check, options: RunOptions): Promise<AssertionError | undefined> {
  const { name, capabilities, patienceMs, random } = options;
  const kit = new KitBus(capabilities, patienceMs);
  const subject = await options.create(kit);
  let thrown: { readonly error: unknown } | undefined;
  try {
    try {
      await tryOut(check, subject, kit, options);
    } catch (error) {
      thrown = { error };
    }
    await release(subject, kit, patienceMs);
  } finally {
    await subject?.cleanup?.();
  }
  if (thrown === undefined) return undefined;
  const { error } = thrown;
  const context: LessonContext = {
    name,
    ...check,
    reported: kit.reported,
    seed: random.used ? random.seed : undefined,
  };
  if (error instanceof NotTried && check.id !== "declaration") throw notTriedError(error, context);
  if (error instanceof Violation && (await isSeenBySimpler(error, options))) return undefined;
  return lessonOf(error, context);
}

async function tryOut(check: Check, subject: TransportSubject, kit: KitBus, options: RunOptions): Promise<void> {
  requireShape(subject);
  const harness = new Harness(kit, subject, options);
  // A transport that is not ready at once has checks of its own; the others need not fail as well.
  if (check.atOnce !== true) await harness.turns();
  await check.run(harness);
}

/** What is in order is released at once; for the rest the runner has no time. */
const RELEASE_MS = 200;

/** One defect, one message: the one of the check that comes to it by fewer steps. */
async function isSeenBySimpler({ simpler }: Violation, options: RunOptions): Promise<boolean> {
  const patienceMs = options.patienceMs / 4;
  for (const check of options.checks) {
    if (simpler.includes(check.id) && (await runCheck(check, { ...options, patienceMs })) !== undefined) return true;
  }
  return false;
}

/** Heals and closes, so that no check leaves work behind; each in bounded time, as both may be what is broken. */
async function release(subject: TransportSubject, { bus }: KitBus, patienceMs: number): Promise<void> {
  await outcomeOf(() => subject?.faults?.heal?.(), patienceMs);
  await bus.close({ timeoutMs: Math.min(patienceMs, RELEASE_MS) });
}
