import { outcomeOf } from "../wait.js";
import type { Check } from "./check.js";
import { Harness } from "./harness.js";
import type { ConformanceOptions } from "./options.js";
import { lessonOf } from "./violation.js";

type RunOptions = Pick<ConformanceOptions, "name" | "create" | "capabilities"> & { readonly patienceMs: number };

/**
 * Puts one promise to the test, with a subject of its own that is released whatever happens.
 *
 * @returns the lesson, where the promise is broken
 * @throws what `create` or `cleanup` threw: no fault of the transport
 */
export async function runCheck(check: Check, options: RunOptions): Promise<Error | undefined> {
  const { name, capabilities = {}, patienceMs } = options;
  const subject = await options.create();
  let lesson: Error | undefined;
  try {
    const harness = new Harness(subject, capabilities, patienceMs);
    try {
      await check.run(harness);
    } catch (error) {
      lesson = lessonOf(error, { name, ...check, reported: harness.reported });
    }
    await release(harness);
  } finally {
    await subject.cleanup?.();
  }
  return lesson;
}

/** Heals and closes, so that no check leaves work behind; each in bounded time, as both may be what is broken. */
async function release({ subject, bus, patienceMs }: Harness): Promise<void> {
  await outcomeOf(() => subject.faults?.heal(), patienceMs);
  await bus.close({ timeoutMs: Math.min(patienceMs, 200) });
}
