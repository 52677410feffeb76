import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { groupMembers } from "../../src/actions/process-group.js";
import { promptRunner } from "../../src/actions/prompt-runner.js";
import type { ActionRequest } from "../../src/actions/runner.js";
import { fileStore, memoryStore, parseLoop, resumeLoop, runLoop } from "../../src/index.js";
import { recorder } from "../engine/harness.js";
import { endAfterTest, request, scratch } from "./support.js";

async function ask(command: string, prompt: string, over: Partial<ActionRequest> = {}) {
  const prepared = await promptRunner({ command }).prepare(request(prompt, { type: "prompt", ...over }));
  const outcome = await prepared.start();
  if (outcome.kind !== "completed") throw new Error(`The action was ${outcome.kind}.`);
  return outcome.result;
}

/** Everything that a shell could take for something else. */
// biome-ignore-start lint/suspicious/noTemplateCurlyInString: it is the shell's
const nasty = [
  'it\'s "quoted" `touch ran` $(touch ran) ${HOME} $HOME !! \\ \\n %s',
  "; touch ran; && touch ran | touch ran > ran",
  "'; touch ran; '",
  '"; touch ran; "',
  "\t* ? [a] ~ # -n --help",
  "ünïcödé ✓ 𝔘",
  "",
].join("\n");
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: it is the shell's

describe("the prompt", () => {
  it.each([
    ["comes on standard input where the command has no place for it", "cat", `${nasty}\n`],
    ["takes its place as one word", `printf %s \${prompt:shell}`, nasty],
    ["takes its place in quotes of the command's own", `printf %s "\${prompt}"`, nasty],
    ["takes several places", `printf '%s|%s' \${prompt:shell} "\${prompt}"`, `${nasty}|${nasty}`],
  ])("%s, whatever is in it, and nothing of it is executed", async (_what, command, expected) => {
    const cwd = scratch();
    expect(await ask(command, nasty, { cwd })).toMatchObject({ exit_code: 0, stderr: "", output: expected });
    expect(readdirSync(cwd)).toEqual([]);
  });

  it("is executed by no shell below the command's own, either", async () => {
    const cwd = scratch();
    const { output } = await ask(`bash -c 'cat; printf %s "$1"' _ \${prompt:shell}`, nasty, { cwd });
    expect(output).toBe(nasty);
    expect(existsSync(join(cwd, "ran"))).toBe(false);
  });

  it.each(["cat", `printf %s \${prompt:shell}`])("may have 100 KiB: %s", async (command) => {
    const long = `${"x".repeat(1023)}\n`.repeat(100);
    const { output } = await ask(command, long);
    expect(output.trimEnd()).toBe(long.trimEnd());
  });

  it("that is more than the system passes on is refused in its own words", async () => {
    const long = "x".repeat(200_000);
    await expect(ask("cat", long)).rejects.toMatchObject({
      code: "LOOPS_ACTION_SPAWN",
      message: expect.stringMatching(/^\[prompt-runner\] The prompt of 200000 bytes, .* into a file/),
    });
  });

  it("leaves standard input empty where it has a place", async () => {
    expect(await ask(`cat; echo \${prompt:shell}`, "hi")).toMatchObject({ output: "hi\n" });
  });
});

describe("the command", () => {
  it("has every variable of an action, and everything else of the shell's", async () => {
    const env = { LOOPS_RUN_ID: "RUN" };
    const { output } = await ask(`x=1; echo "$LOOPS_RUN_ID \${x} \${UNSET:-none}"; sed s/a/b/`, "a", { env });
    expect(output).toBe("RUN 1 none\nb\n");
  });

  it("decides the exit code", async () => {
    expect(await ask("exit 7", "hi")).toMatchObject({ exit_code: 7 });
  });

  it("is ended at its timeout", async () => {
    expect(await ask("sleep 300", "hi", { timeoutMs: 50 })).toMatchObject({ exit_code: 124 });
  });

  it.each([[undefined], [{}], [{ command: "" }], [{ command: "  " }], [{ command: 3 }]])(
    "that is none is refused at once: %j",
    (options) => {
      expect(() => promptRunner(options as never)).toThrow(expect.objectContaining({ code: "LOOPS_CONFIG" }));
    },
  );
});

const { definition } = parseLoop(`
name: think
initial: think
states:
  think: { action: "/think about \${context.what}", capture: thought, evaluate: { type: exit_code }, on_yes: done, on_no: done }
  done: { terminal: true }
`);

it("runs the prompts of a loop, and slash commands with them, as prompts", async () => {
  const bus = recorder();
  const runners = { prompt: promptRunner({ command: "cat" }) };
  const context = { what: "$(touch ran)" };
  const result = await runLoop({ definition, store: memoryStore(), bus, runners, context });
  expect(result.captured["thought"]).toMatchObject({ output: "/think about $(touch ran)\n" });
  expect(bus.named("action_start")).toMatchObject([{ is_prompt: true }]);
});

it("B-16: what a killed engine left of a prompt is ended when the run is resumed", async () => {
  const dir = scratch();
  const fixture = fileURLToPath(new URL("../fixtures/prompting-engine.mjs", import.meta.url));
  const engine = spawn(process.execPath, [fixture, JSON.stringify({ dir, definition })], {
    cwd: dir,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = await once(createInterface({ input: engine.stdout }), "line");
  const pid = Number(line);
  endAfterTest(pid);
  engine.kill("SIGKILL");
  await once(engine, "exit");
  expect(groupMembers(pid)).not.toEqual([]);

  const bus = recorder();
  const runners = { prompt: promptRunner({ command: "cat" }) };
  const result = await resumeLoop({ run: "think", store: fileStore({ dir }), bus, runners, cwd: dir });
  expect(bus.named("action_in_doubt")).toMatchObject([{ orphan: "ended", policy: "rerun" }]);
  expect(groupMembers(pid)).toEqual([]);
  expect(result.status).toBe("completed");
});
