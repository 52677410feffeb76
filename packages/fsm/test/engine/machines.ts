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

const onMaintain = maybe(fc.constantFrom("a", "b", "done", "$current"));
const whole = fc.record({
  max_iterations: fc.integer({ min: 1, max: 25 }),
  maintain: maybe(fc.boolean()),
  max_edge_revisits: maybe(fc.integer({ min: 1, max: 4 })),
  backoff: maybe(fc.constantFrom(0, 0.5)),
  on_handoff: maybe(fc.constantFrom("pause" as const, "spawn" as const, "terminate" as const)),
});

/** Loops of four states and a terminal one, wired at random: most of them go nowhere good. */
export const machine: fc.Arbitrary<LoopDefinition> = fc
  .record({ states: fc.tuple(state, state, state, state), onMaintain, whole })
  .map(({ states: [a, b, c, d], onMaintain: on_maintain, whole: more }) =>
    loopOf({ a, b, c, d, done: withoutUndefined({ terminal: true, on_maintain }) }, withoutUndefined(more)),
  );

function withoutUndefined<T extends object>(fields: T): { [Name in keyof T]: Exclude<T[Name], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
}

/** What the actions of a run do, by iteration, over and over. */
export interface Script {
  readonly codes: readonly number[];
  readonly says: readonly string[];
}

const code = fc.constantFrom(0, 0, 0, 1, 2, 124, -9);
const signals = ["CONTEXT_HANDOFF: go on", "FATAL_ERROR: broken", "LOOP_STOP: enough"];
const said = fc.oneof(
  { weight: 12, arbitrary: fc.constant("") },
  { weight: 1, arbitrary: fc.constantFrom(...signals) },
);

export const script: fc.Arbitrary<Script> = fc.record({
  codes: fc.array(code, { minLength: 1, maxLength: 8 }),
  says: fc.array(said, { minLength: 1, maxLength: 10 }),
});

export function actionAt({ codes, says }: Script, iteration: number): { readonly code: number; readonly said: string } {
  return { code: codes[iteration % codes.length] ?? 0, said: says[iteration % says.length] ?? "" };
}
