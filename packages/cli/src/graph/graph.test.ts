import { defineLoop } from "@loops/fsm";
import { describe, expect, it } from "vitest";
import { toDot } from "./dot.js";
import { edgesOf } from "./edges.js";
import { toMermaid } from "./mermaid.js";

const loop = defineLoop({
  name: 'a "loop"',
  initial: "check",
  states: {
    check: {
      action: "x",
      on_yes: "done",
      on_no: "fix",
      on_error: "fix",
      on_partial: 'odd "name"; #1',
      max_retries: 2,
      on_retry_exhausted: "done",
    },
    fix: { action: "y", next: "check", on_error: "$current" },
    'odd "name"; #1': { action: "z", route: { ready: "done", _error: "fix", _: "check" } },
    done: { terminal: true },
  },
} as never);

describe("the graph of a loop", () => {
  it("has one way for each pair of states, with all that leads along it", () => {
    expect(edgesOf(loop).slice(0, 5)).toEqual([
      { from: "check", to: "done", labels: ["yes", "retries used up"] },
      { from: "check", to: "fix", labels: ["no", "error"] },
      { from: "check", to: 'odd "name"; #1', labels: ["partial"] },
      { from: "fix", to: "check", labels: [""] },
      { from: "fix", to: "fix", labels: ["error"] },
    ]);
  });

  it("is drawn by Mermaid with names that cannot break it, the current state marked", () => {
    const drawn = toMermaid(loop, "fix");
    expect(drawn).toContain("  [*] --> s0\n");
    expect(drawn).toContain("  s0 --> s3 : yes, retries used up\n");
    expect(drawn).toContain('state "odd #34;name#34;#59; #35;1" as s2');
    expect(drawn).toContain("  class s1 current\n");
  });

  it("is drawn by Graphviz with quoted names", () => {
    const drawn = toDot(loop, "fix");
    expect(drawn).toContain('"odd \\"name\\"; #1" -> "done" [label="ready"];');
    expect(drawn).toContain('"fix" [style="rounded,filled", fillcolor="#ffdd66"];');
  });
});
