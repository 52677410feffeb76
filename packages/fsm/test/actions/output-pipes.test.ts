import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { removeStrays } from "../../src/actions/output-pipes.js";
import { resultOf, scratch } from "./support.js";

const longAgo = new Date(Date.now() - 10 * 60_000);

describe("the directory in which the pipes of an action are made", () => {
  it("is gone before the action runs", async () => {
    const place = scratch();
    vi.stubEnv("TMPDIR", place);
    onTestFinished(() => void vi.unstubAllEnvs());
    const { output } = await resultOf('echo ready > /dev/stderr; ls -A "$TMPDIR"');
    expect(output).toBe("");
    expect(readdirSync(place)).toEqual([]);
  });

  it("that a killed process left is removed once it is old; nothing else is touched", async () => {
    const place = scratch();
    const made = ["loops-action-old", "loops-action-new", "other-old"];
    for (const name of made) {
      mkdirSync(join(place, name));
      writeFileSync(join(place, name, "stdout"), "");
      if (name.endsWith("old")) utimesSync(join(place, name), longAgo, longAgo);
    }
    await removeStrays(place);
    expect(readdirSync(place).sort()).toEqual(["loops-action-new", "other-old"]);
  });

  it("is looked for where there is nothing without harm", async () => {
    const place = join(scratch(), "nowhere");
    await removeStrays(place);
    expect(existsSync(place)).toBe(false);
  });
});
