import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { capturedEnvironment } from "./captured-environment.js";

const result = (output: string) => ({ output, stderr: "", exit_code: 0, duration_ms: 1 });

describe("what was captured, in the environment of an action", () => {
  it("is there under its key, in the letters that a shell takes", () => {
    expect(capturedEnvironment({ report: result("fine"), "last run.id": result("é\n") })).toEqual({
      LOOPS_CAPTURED_REPORT: "fine",
      LOOPS_CAPTURED_LAST_RUN_ID: "é\n",
    });
  });

  it("is nothing where nothing was", () => {
    expect(capturedEnvironment({})).toEqual({});
  });

  it("has the key of a child loop in front of what that captured", () => {
    expect(capturedEnvironment({ build: { log: result("ok"), output: result("odd") } })).toEqual({
      LOOPS_CAPTURED_BUILD_LOG: "ok",
      LOOPS_CAPTURED_BUILD_OUTPUT: "odd",
    });
  });

  it("leaves out what is too large, has a NUL or takes another's name, and names it", () => {
    const environment = capturedEnvironment({
      big: result("x".repeat(64 * 1024 + 1)),
      wide: result("\u20ac".repeat(30_000)),
      nul: result("a\0b"),
      same: result("first"),
      SAME: result("second"),
      omitted: result("a list of its own"),
    });
    expect(environment).toEqual({
      LOOPS_CAPTURED_SAME: "first",
      LOOPS_CAPTURED_OMITTED: "big,wide,nul,SAME,omitted",
    });
  });

  it("is at most 256 KiB in all: what comes later and does not fit is left out, what is smaller still fits", () => {
    const keys = ["a", "b", "c", "d", "e"];
    const captured = Object.fromEntries(keys.map((key) => [key, result(key.repeat(60 * 1024))]));
    const environment = capturedEnvironment({ ...captured, small: result("s") });
    expect(environment["LOOPS_CAPTURED_OMITTED"]).toBe("e");
    expect(environment["LOOPS_CAPTURED_SMALL"]).toBe("s");
  });

  it("is what a process can be started with", () => {
    const keys = Array.from({ length: 8 }, (_, index) => `key${index}`);
    const captured = Object.fromEntries(keys.map((key) => [key, result("y".repeat(64 * 1024))]));
    const env = { PATH: process.env["PATH"], ...capturedEnvironment(captured) };
    const { stdout, error } = spawnSync("bash", ["-c", "echo $#LOOPS_CAPTURED_KEY0 $LOOPS_CAPTURED_OMITTED"], { env });
    expect(error).toBeUndefined();
    expect(String(stdout)).toContain("key4,key5,key6,key7");
  });

  it("is made once for the same captures", () => {
    const captured = { report: result("fine") };
    expect(capturedEnvironment(captured)).toBe(capturedEnvironment(captured));
  });
});
