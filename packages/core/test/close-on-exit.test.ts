import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";

const program = fileURLToPath(new URL("./fixtures/signals.mjs", import.meta.url));
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "loops-signals-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Sends a signal to a program that would run for ever, and tells how it ended. */
function interrupt(name: string, signal: NodeJS.Signals) {
  const file = join(folder, name);
  const child = spawn(process.execPath, [program, name, file], { stdio: ["ignore", "pipe", "inherit"] });
  child.stdout.once("data", () => child.kill(signal));
  return new Promise<{ code: number | null; signal: string | null; written: string }>((resolve) => {
    child.on("close", (code, endedBy) => {
      resolve({ code, signal: endedBy, written: existsSync(file) ? readFileSync(file, "utf8") : "" });
    });
  });
}

it.each(["SIGINT", "SIGTERM"] as const)(
  "%s: everything is delivered, and the process still ends by the signal",
  async (signal) => {
    expect(await interrupt("plain", signal)).toEqual({ code: null, signal, written: "1\n" });
  },
);

it("where somebody else listens for the signal too, they decide how the process ends", async () => {
  expect(await interrupt("own-handler", "SIGINT")).toEqual({ code: 7, signal: null, written: "1\n" });
});

it("once disposed it is as if it had never been there", async () => {
  expect(await interrupt("disposed", "SIGTERM")).toEqual({ code: null, signal: "SIGTERM", written: "" });
});
