import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { detectSignal } from "./detect-signal.js";

describe("a signal in an output", () => {
  it.each([
    ["CONTEXT_HANDOFF: go on with b", { kind: "handoff", payload: "go on with b" }],
    ["FATAL_ERROR: disk is gone", { kind: "error", payload: "disk is gone" }],
    ["LOOP_STOP: enough", { kind: "stop", payload: "enough" }],
    ["LOOP_STOP:", { kind: "stop", payload: "" }],
    ["", null],
    ["nothing of that kind", null],
    ["context_handoff: lower case", null],
  ])("%j is %j", (output, expected) => {
    expect(detectSignal(output)).toEqual(expected);
  });

  it("is found anywhere in a line, also in what is only quoted", () => {
    expect(detectSignal('say "FATAL_ERROR: why" then')).toEqual({ kind: "error", payload: 'why" then' });
  });

  it("goes by its kind, not by its place: handoff, then error, then stop", () => {
    const all = "LOOP_STOP: c\nFATAL_ERROR: b\nCONTEXT_HANDOFF: a\n";
    expect(detectSignal(all)).toEqual({ kind: "handoff", payload: "a" });
    expect(detectSignal(all.replace("CONTEXT_HANDOFF", ""))).toEqual({ kind: "error", payload: "b" });
  });

  it("of one kind the first counts, and its text ends with the line", () => {
    expect(detectSignal("x\nFATAL_ERROR: one \r\nFATAL_ERROR: two")).toEqual({ kind: "error", payload: "one" });
  });

  it("may have its text on a later line, behind white space of any kind", () => {
    expect(detectSignal("CONTEXT_HANDOFF: \n\n\t\u00a0\u3000 later\nmore")).toEqual({
      kind: "handoff",
      payload: "later",
    });
  });

  it("that needs a text and has none is none, and does not hide another", () => {
    expect(detectSignal("CONTEXT_HANDOFF:  \n ")).toBeNull();
    expect(detectSignal("CONTEXT_HANDOFF:\n\nFATAL_ERROR: why")).toEqual({
      kind: "handoff",
      payload: "FATAL_ERROR: why",
    });
    expect(detectSignal("FATAL_ERROR: why\nCONTEXT_HANDOFF:")).toEqual({ kind: "error", payload: "why" });
  });

  it("has a text without white space around it, whatever the output", () => {
    const output = fc.array(
      fc.constantFrom("CONTEXT_HANDOFF:", "FATAL_ERROR:", "LOOP_STOP:", " ", "\n", "\r", "a", "\u2003"),
    );
    fc.assert(
      fc.property(output, (parts) => {
        const signal = detectSignal(parts.join(""));
        const marks = parts.filter((part) => part.endsWith(":"));
        if (marks.length === 0) expect(signal).toBeNull();
        if (signal === null) expect(marks).not.toContain("LOOP_STOP:");
        else expect(signal.payload).toBe(signal.payload.trim());
        if (signal !== null && signal.kind !== "stop") expect(signal.payload).not.toBe("");
      }),
    );
  });

  it("is looked for in linear time", () => {
    const hostile = "FATAL_ERROR: \n".repeat(200_000) + "\n".repeat(1_000_000);
    const begun = performance.now();
    expect(detectSignal(hostile)).toEqual({ kind: "error", payload: "FATAL_ERROR:" });
    expect(detectSignal(`LOOP_STOP:${" ".repeat(5_000_000)}`)).toEqual({ kind: "stop", payload: "" });
    expect(performance.now() - begun).toBeLessThan(2000);
  });
});
