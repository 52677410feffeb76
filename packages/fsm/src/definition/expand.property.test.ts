import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FileRequest } from "./expansion.js";
import { parseLoop } from "./load.js";
import { LoopDefinitionError } from "./problem.js";

const names = fc.constantFrom("a", "b", "c", "lib", "done", "a?b:c", "a?:", "constructor", "__proto__", "", "yes");
const anything = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    names,
    fc.constantFrom(null, true, false, 0, 1.5),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(names, tie("value"), { maxKeys: 3 }),
  ),
})).value;
const state = fc.oneof(
  { weight: 3, arbitrary: fc.record({ fragment: names, next: names }, { requiredKeys: [] }) },
  anything,
);
const states = fc.dictionary(names, state, { maxKeys: 4 });
/** Files that refer to each other in every way, right and wrong. */
const file = fc.record(
  {
    name: fc.constantFrom("a", 5, "../x"),
    initial: names,
    from: fc.oneof(names, anything),
    flow: fc.oneof(fc.array(names, { maxLength: 4 }), anything),
    state_defs: fc.oneof(states, anything),
    import: fc.oneof(fc.array(names, { maxLength: 3 }), anything),
    fragments: fc.oneof(states, anything),
    states: fc.oneof(states, anything),
    context: anything,
  },
  { requiredKeys: [] },
);
/** Files of which some are right. */
const known = fc.constantFrom("a", "b", "done");
const plausible = fc.record(
  {
    name: fc.constant("x"),
    initial: fc.constant("a"),
    from: known,
    flow: fc.uniqueArray(known, { minLength: 1 }),
    state_defs: fc.dictionary(known, fc.record({ fragment: known, action: known }, { requiredKeys: [] })),
    import: fc.array(known, { maxLength: 2 }),
    fragments: fc.dictionary(known, fc.record({ timeout: fc.constant(1), on_error: known }, { requiredKeys: [] })),
    states: fc.dictionary(known, fc.record({ next: known, terminal: fc.boolean(), fragment: known })),
  },
  { requiredKeys: ["name", "initial", "fragments"] },
);
const text = fc.oneof(
  { weight: 4, arbitrary: plausible.map((value) => JSON.stringify(value)) },
  { weight: 4, arbitrary: fc.oneof(file, anything).map((value) => JSON.stringify(value)) },
  fc.constantFrom("", "&a [*a]", "a: b: c", "states: &s {a: *s}", "fragments: &f {a: *f}\nfrom: a", "\0"),
);

describe("putting a loop together", () => {
  it("throws nothing but its own error, whatever its files are", () => {
    let accepted = 0;
    fc.assert(
      fc.property(text, fc.dictionary(fc.oneof(known, names), text, { maxKeys: 6 }), (main, files) => {
        const read = ({ name }: FileRequest) => {
          const found = Object.hasOwn(files, name) ? files[name] : undefined;
          if (found === undefined) throw new Error("it is not there");
          return { file: name, text: found };
        };
        try {
          const { definition } = parseLoop(main, { read });
          accepted++;
          // What it became is a loop by itself.
          expect(parseLoop(JSON.stringify(definition)).definition).toEqual(definition);
          expect(Object.keys(definition)).not.toEqual(expect.arrayContaining(["from"]));
        } catch (error) {
          expect(error).toBeInstanceOf(LoopDefinitionError);
          const { problems } = error as LoopDefinitionError;
          expect(problems.some(({ severity }) => severity === "error")).toBe(true);
          expect(problems.every(({ line, column }) => (line ?? 0) > 0 && (column ?? 0) > 0)).toBe(true);
        }
      }),
      { numRuns: process.env["LOOPS_LONG"] === "1" ? 10_000 : 500 },
    );
    expect(accepted).toBeGreaterThan(5);
  });

  it.each([
    ["nothing", undefined],
    ["a number", { file: "x", text: 5 }],
    ["no name", { text: "a: 1" }],
  ])("throws its own error where what reads files gives %s", (_what, found) => {
    const read = () => found as never;
    expect(() => parseLoop("from: x", { read })).toThrow(LoopDefinitionError);
  });
});
