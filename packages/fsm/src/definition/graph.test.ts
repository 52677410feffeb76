import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkGraph } from "./graph.js";

const unreachable = (name: string) =>
  expect.objectContaining({ path: ["states", name], message: expect.stringContaining("unreachable") });

describe("checkGraph", () => {
  it("follows every field that names a state", () => {
    const states = {
      a: { next: "b" },
      b: { route: { yes: "c", _: "d" } },
      c: { on_partial: "e", on_blocked: "d", on_error: "$current" },
      d: { on_yes: "e", on_no: "f", on_retry_exhausted: "g" },
      e: { next: "g" },
      f: { next: "g" },
      g: { terminal: true },
    };
    expect(checkGraph("a", states)).toEqual([]);
    expect(checkGraph("b", states)).toEqual([unreachable("a")]);
  });

  it("does not follow what a terminal state names", () => {
    expect(checkGraph("a", { a: { terminal: true, next: "b" }, b: { terminal: true } })).toEqual([unreachable("b")]);
  });

  it("goes on from a terminal state with maintain, to on_maintain or to the beginning", () => {
    const states = { a: { next: "z" }, b: { next: "z" }, z: { terminal: true, on_maintain: "b" } };
    expect(checkGraph("a", states)).toEqual([unreachable("b")]);
    expect(checkGraph("a", states, true)).toEqual([]);
    expect(checkGraph("b", { ...states, z: { terminal: true } }, true)).toEqual([unreachable("a")]);
  });

  it("follows on_verdict, and checks it", () => {
    const states = { a: { on_verdict: { stall: "b", target: "c" } }, b: { next: "z" }, z: { terminal: true } };
    expect(checkGraph("a", states)).toEqual([
      expect.objectContaining({ path: ["states", "a", "on_verdict", "target"], severity: "error" }),
    ]);
  });

  it("says nothing of what an interpolated target may lead to", () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a template of a loop
    const states = { a: { on_yes: "${context.to}" }, b: { next: "b" }, z: { terminal: true } };
    expect(checkGraph("a", states)).toEqual([
      expect.objectContaining({ path: ["states", "b"], message: expect.stringContaining("no way out") }),
    ]);
  });

  it("agrees with walking every path of small graphs", () => {
    const names = ["s0", "s1", "s2", "s3", "s4"];
    const state = fc.record({ terminal: fc.boolean(), targets: fc.array(fc.constantFrom(...names), { minLength: 1 }) });
    fc.assert(
      fc.property(fc.tuple(state, state, state, state, state), (generated) => {
        const states = Object.fromEntries(
          generated.map(({ terminal, targets }, index) => [
            `s${index}`,
            { terminal, route: Object.fromEntries(targets.map((target, n) => [`v${n}`, target])) },
          ]),
        );
        const out = (name: string) => {
          const { terminal, targets } = generated[Number(name.slice(1))] ?? { terminal: true, targets: [] };
          return terminal ? [] : targets;
        };
        // Paths without repetition are enough to reach what can be reached.
        const walk = (name: string, seen: readonly string[]): string[] =>
          seen.includes(name) ? [] : [name, ...out(name).flatMap((next) => walk(next, [...seen, name]))];
        const ends = names.filter((_, index) => generated[index]?.terminal);
        const reached = new Set(walk("s0", []));
        const lost = names.filter((name) => !reached.has(name));
        const trapped = [...reached].filter((name) => !walk(name, []).some((next) => ends.includes(next)));

        const findings = checkGraph("s0", states);
        const of = (text: string) =>
          findings.filter(({ message }) => message.startsWith(text)).map(({ path }) => path[1]);
        expect(of("unreachable")).toEqual(lost);
        const first = ends.length === 0 ? [undefined] : names.filter((name) => trapped.includes(name)).slice(0, 1);
        expect(of("no way out")).toEqual(first);
        expect(findings).toHaveLength(lost.length + first.length);
      }),
    );
  });
});
