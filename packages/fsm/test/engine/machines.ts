import fc from "fast-check";
import type { LoopDefinition, StateDefinition } from "../../src/definition/types.js";

/** A loop of nothing but its states; everything else at its default. */
export function loopOf(states: Record<string, StateDefinition>, more: Partial<LoopDefinition> = {}): LoopDefinition {
  const initial = Object.keys(states)[0] ?? "";
  return { name: "test-loop", initial, states, context: {}, max_iterations: 50, input_key: "input", ...more };
}

const names = ["a", "b", "c", "d"];
const target = fc.constantFrom(...names, "done", "$current");
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 2 });

const retries = maybe(fc.record({ max_retries: fc.integer({ min: 1, max: 3 }), on_retry_exhausted: target }));
const table = fc.dictionary(fc.constantFrom("yes", "no", "error", "_", "_error"), target, { maxKeys: 4 });
const ways = fc.oneof(
  fc.record({ next: target, on_error: maybe(target) }),
  fc.record({ on_yes: maybe(target), on_no: maybe(target), on_error: maybe(target) }),
  fc.record({ route: table }),
);

const state: fc.Arbitrary<StateDefinition> = fc
  .record({
    action: maybe(fc.constant("work")),
    capture: maybe(fc.constantFrom("one", "two")),
    evaluate: maybe(fc.constant({ type: "exit_code" as const })),
    retries,
    ways,
  })
  .map(({ retries: limit, ways: exits, ...rest }) => {
    const all = { ...rest, ...limit, ...exits };
    return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as StateDefinition;
  });

/** Loops of four states and a terminal one, wired at random: most of them go nowhere good. */
export const machine: fc.Arbitrary<LoopDefinition> = fc
  .record({ states: fc.tuple(state, state, state, state), max: fc.integer({ min: 1, max: 25 }) })
  .map(({ states: [a, b, c, d], max }) => loopOf({ a, b, c, d, done: { terminal: true } }, { max_iterations: max }));

/** Exit codes of the actions by iteration, over and over. */
export const exitCodes = fc.array(fc.constantFrom(0, 0, 0, 1, 2, 124, -9), { minLength: 1, maxLength: 8 });

export function exitCodeAt(codes: readonly number[], iteration: number): number {
  return codes[iteration % codes.length] ?? 0;
}
