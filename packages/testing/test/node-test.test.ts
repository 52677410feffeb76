import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const script = fileURLToPath(new URL("./fixtures/under-node-test.mjs", import.meta.url));

/** Runs the kit under node:test, in a process of its own. */
async function run(defect = ""): Promise<{ readonly code: number; readonly output: string }> {
  const child = spawn(process.execPath, ["--test-reporter=tap", script, defect], { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      output += chunk;
    });
  }
  const [code] = await once(child, "close");
  return { code, output };
}

/** A number of the summary. */
function count(output: string, what: "tests" | "pass" | "fail"): number {
  return Number(output.match(new RegExp(`^# ${what} (\\d+)$`, "m"))?.[1]);
}

it("a sound transport passes under node:test, and the process ends by itself", async () => {
  const { code, output } = await run();
  expect(count(output, "fail"), output).toBe(0);
  expect(count(output, "pass")).toBe(count(output, "tests"));
  expect(count(output, "tests")).toBeGreaterThan(25);
  expect(code).toBe(0);
});

it("a broken transport fails under node:test with the whole lesson", async () => {
  const { code, output } = await run("order");
  expect(code).toBe(1);
  expect(output).toContain(
    '[array] breaks the promise "events arrive in the order in which they were emitted" (order)',
  );
  expect(output).toMatch(/ {2}expected: .*\n.*seen: .*\n.*mend: /);
});

it("a rejection that nobody catches fails one check under node:test, which is told why", async () => {
  const { output } = await run("escape");
  expect(output).toContain("(no-escaped-errors)\n");
  expect(output).toMatch(/seen: +Error: nobody catches this/);
});

it("a known gap that is closed fails under node:test", async () => {
  const { output } = await run("closed-gap");
  expect(count(output, "fail")).toBe(1);
  expect(output).toContain('the known gap "flush" is closed');
});
