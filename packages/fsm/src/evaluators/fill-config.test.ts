// biome-ignore-all lint/suspicious/noTemplateCurlyInString: templates of loops

import { describe, expect, it } from "vitest";
import type { InterpolationScope } from "../interpolate-scope.js";
import { fillConfig } from "./fill-config.js";

const scope: InterpolationScope = {
  context: { limit: 3, what: "tests" },
  captured: {},
  prev: null,
  result: null,
  state: { name: "check", iteration: 1 },
  loop: { name: "demo", started_at: "2026-01-02T03:04:05.000Z", elapsed_ms: 0, elapsed: "0ms" },
  env: {},
};

describe("fillConfig", () => {
  it("fills in target, previous, tolerance and prompt, where they are templates", () => {
    expect(fillConfig({ type: "output_numeric", operator: "lt", target: "${context.limit}" }, scope)).toEqual({
      type: "output_numeric",
      operator: "lt",
      target: "3",
    });
    const convergence = { type: "convergence", target: "${context.limit}", previous: "-${context.limit}" } as const;
    expect(fillConfig({ ...convergence, tolerance: "0.${context.limit}" }, scope)).toEqual({
      type: "convergence",
      target: "3",
      previous: "-3",
      tolerance: "0.3",
    });
    expect(fillConfig({ type: "llm_structured", prompt: "Do the ${context.what} pass?" }, scope)).toMatchObject({
      prompt: "Do the tests pass?",
    });
  });

  it("leaves as it is what is no template here: targets of JSON, patterns, sources, configs of the program's own", () => {
    const template = "${context.limit}";
    for (const config of [
      { type: "output_json", path: template, operator: "eq", target: template, source: template },
      { type: "output_contains", pattern: template },
      { type: "mine", target: template, prompt: template },
      { type: "constructor", target: template },
      { type: "output_numeric", operator: "eq", target: 3, source: template },
    ] as const) {
      expect(fillConfig(config, scope)).toBe(config);
    }
  });

  it("a template that cannot be filled in stays as it is written", () => {
    const config = { type: "convergence", target: "${context.goal}", previous: "${prev.output}" } as const;
    expect(fillConfig(config, scope)).toEqual(config);
  });
});
