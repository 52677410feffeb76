import { describe, expect, it } from "vitest";
import { isDynamicTarget, resolveCurrent, resolveTarget } from "./targets.js";

describe("resolveTarget", () => {
  it("takes next before everything else", () => {
    expect(resolveTarget({ next: "b", route: { yes: "c" }, on_yes: "d" }, "yes", "a")).toBe("b");
    expect(resolveTarget({ next: "b" }, "error", "a")).toBe("b");
  });

  it("takes the exact verdict of the table, then its default", () => {
    const state = { route: { yes: "b", stall: "c", _: "d" } };
    expect(resolveTarget(state, "yes", "a")).toBe("b");
    expect(resolveTarget(state, "stall", "a")).toBe("c");
    expect(resolveTarget(state, "no", "a")).toBe("d");
  });

  it("B-19: takes for an error the exact verdict, then _error, then _", () => {
    expect(resolveTarget({ route: { error: "b", _error: "c", _: "d" } }, "error", "a")).toBe("b");
    expect(resolveTarget({ route: { _error: "c", _: "d" } }, "error", "a")).toBe("c");
    expect(resolveTarget({ route: { yes: "b", _: "d" } }, "error", "a")).toBe("d");
    expect(resolveTarget({ route: { _error: "c" } }, "no", "a")).toBeNull();
  });

  it("never falls back from a table to the shorthand", () => {
    expect(resolveTarget({ route: { no: "b" }, on_yes: "c" }, "yes", "a")).toBeNull();
  });

  it.each(["yes", "no", "error", "partial", "blocked"] as const)("takes on_%s without a table", (verdict) => {
    expect(resolveTarget({ [`on_${verdict}`]: "b" }, verdict, "a")).toBe("b");
    expect(resolveTarget({}, verdict, "a")).toBeNull();
  });

  it("takes on_verdict for any other verdict, but not beside a table", () => {
    const state = { on_yes: "b", on_verdict: { stall: "c", yes: "d", no: "e" } };
    expect(resolveTarget(state, "stall", "a")).toBe("c");
    expect(resolveTarget(state, "yes", "a")).toBe("b");
    expect(resolveTarget(state, "no", "a")).toBe("e");
    expect(resolveTarget(state, "target", "a")).toBeNull();
    expect(resolveTarget({ ...state, route: { yes: "b" } }, "stall", "a")).toBeNull();
    expect(resolveTarget({ on_verdict: { _: "b", stall: "$current" } }, "stall", "a")).toBe("a");
    expect(resolveTarget({ on_verdict: { _: "b" } }, "stall", "a")).toBeNull();
  });

  it("B-30: takes on_yes for success, which is what an MCP tool says and on_success means", () => {
    expect(resolveTarget({ on_yes: "b", on_no: "c" }, "success", "a")).toBe("b");
    expect(resolveTarget({ on_yes: "b", on_no: "c" }, "failure", "a")).toBe("c");
    expect(resolveTarget({ on_yes: "b", on_verdict: { success: "d" } }, "success", "a")).toBe("d");
    expect(resolveTarget({ route: { yes: "b" } }, "success", "a")).toBeNull();
  });

  it("finds nothing for a verdict that is named like a member of Object.prototype", () => {
    for (const verdict of ["constructor", "toString", "__proto__", "retry_exhausted"]) {
      expect(resolveTarget({ route: { yes: "b" } }, verdict, "a")).toBeNull();
      expect(resolveTarget({ on_yes: "b", on_retry_exhausted: "c" }, verdict, "a")).toBeNull();
    }
  });

  it("B-20: resolves $current wherever a target stands, and leaves templates as they are", () => {
    expect(resolveTarget({ next: "$current" }, "yes", "a")).toBe("a");
    expect(resolveTarget({ route: { _: "$current" } }, "yes", "a")).toBe("a");
    expect(resolveTarget({ on_no: "$current" }, "no", "a")).toBe("a");
    expect(resolveCurrent("$current", "a")).toBe("a");
    // biome-ignore-start lint/suspicious/noTemplateCurlyInString: templates of a loop
    expect(resolveTarget({ on_no: "${context.to}" }, "no", "a")).toBe("${context.to}");
    expect(isDynamicTarget("${context.to}")).toBe(true);
    // biome-ignore-end lint/suspicious/noTemplateCurlyInString: templates of a loop
    expect(isDynamicTarget("$current")).toBe(false);
  });
});
