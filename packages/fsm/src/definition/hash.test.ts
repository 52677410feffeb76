import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { definitionHash } from "./hash.js";
import { parseLoop } from "./load.js";

const text = (states: string) => `name: x\ninitial: a\ncontext: {k: [1, 2], m: {b: 1, a: 2}}\nstates: ${states}\n`;
const hash = (states: string) => definitionHash(parseLoop(text(states)).definition);

describe("definitionHash", () => {
  it("is the same however the file is written", () => {
    const expected = hash("{a: {action: x, next: z}, z: {terminal: true}}");
    expect(expected).toMatch(/^[0-9a-f]{64}$/);
    expect(hash("{z: {terminal: yes}, a: {next: z, action: 'x'}} # a comment")).toBe(expected);
  });

  it("stays the same over versions, for it is stored with runs", () => {
    expect(hash("{a: {action: x, next: z}, z: {terminal: true}}")).toMatchInlineSnapshot(
      `"ee393edba6e3533ef2c0b35cab5f1af44bcb8dabe9467d28b568f53eea459f0c"`,
    );
  });

  it("changes with any value, and with the order of a list", () => {
    const { definition } = parseLoop(text("{a: {next: z}, z: {terminal: true}}"));
    const changed = [
      { ...definition, name: "y" },
      { ...definition, max_iterations: 51 },
      { ...definition, context: { ...definition.context, k: [2, 1] } },
      { ...definition, states: { ...definition.states, a: { next: "a" } } },
    ];
    expect(new Set([definition, ...changed].map(definitionHash)).size).toBe(5);
  });

  it("survives JSON and back, whatever the context holds", () => {
    const { definition } = parseLoop(text("{a: {next: z}, z: {terminal: true}}"));
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (context) => {
        const loop = { ...definition, context };
        expect(definitionHash(JSON.parse(JSON.stringify(loop)))).toBe(definitionHash(loop));
      }),
    );
  });
});
