/** Time for what is due in this turn of the event loop, and for the start of what it caused. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/**
 * Asks again and again, every 5 ms, until `look` is content or the time is over.
 *
 * @returns the last answer of `look`, and whether it was content with it
 */
export async function pollUntil<T>(
  look: () => T | Promise<T>,
  content: (value: T) => boolean,
  timeoutMs: number,
): Promise<{ readonly value: T; readonly content: boolean }> {
  const ends = performance.now() + timeoutMs;
  for (;;) {
    const value = await look();
    if (content(value)) return { value, content: true };
    if (performance.now() >= ends) return { value, content: false };
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export type Outcome<T> =
  | { readonly state: "resolved"; readonly value: T }
  | { readonly state: "rejected"; readonly error: unknown }
  | { readonly state: "pending" };

/** How `work` ended, or that it did not within the time. Never rejects; what throws at once counts as rejected. */
export async function outcomeOf<T>(work: () => T | PromiseLike<T>, timeoutMs: number): Promise<Outcome<T>> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<Outcome<T>>((resolve) => {
    timer = setTimeout(() => resolve({ state: "pending" }), timeoutMs);
  });
  const run = async (): Promise<Outcome<T>> => {
    try {
      return { state: "resolved", value: await work() };
    } catch (error) {
      return { state: "rejected", error };
    }
  };
  try {
    return await Promise.race([run(), patience]);
  } finally {
    clearTimeout(timer);
  }
}

/** How it ended, as a sentence for messages. */
export function describeOutcome(outcome: Outcome<unknown>): string {
  if (outcome.state === "pending") return "it never ended";
  return outcome.state === "resolved" ? "it resolved" : `it failed: ${String(outcome.error)}`;
}
