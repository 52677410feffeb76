import { describe, expect, it } from "vitest";
import { folder } from "./support.js";

const commands = "run resume simulate ls show stop history tail watch validate graph".split(" ");

describe("help", () => {
  it.each(commands)("of %s has examples, and fits into 80 columns", async (command) => {
    const { code, out, err } = await folder().call("help", command);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toMatch(new RegExp(`Usage: loops ${command} .*Examples:\\n {2}loops ${command}\\b`, "s"));
    for (const line of out.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  });

  it("names every command, with examples, and fits into 80 columns", async () => {
    const { out } = await folder().call("--help");
    for (const command of commands) expect(out).toMatch(new RegExp(`^ {2}${command} `, "m"));
    expect(out).toContain("Examples:");
    for (const line of out.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  });

  it("is shown on standard error, with exit code 2, where nothing was said: a script has forgotten something", async () => {
    const { code, out, err } = await folder().call();
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toContain("Usage: loops [options] [command]");
  });
});
