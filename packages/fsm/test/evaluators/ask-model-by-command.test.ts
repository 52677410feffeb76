// biome-ignore-all lint/suspicious/noTemplateCurlyInString: templates of commands

import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { askModelByCommand } from "../../src/evaluators/ask-model-by-command.js";
import { evaluate } from "../../src/evaluators/evaluate.js";
import type { ModelQuestion } from "../../src/evaluators/evaluation.js";
import { request, resultOf, withEffects } from "./support.js";

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), "loops-model-"));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const question = (fields: Partial<ModelQuestion> = {}): ModelQuestion => ({
  prompt: "Done?",
  schema: { type: "object" },
  model: "sonnet",
  maxTokens: 256,
  timeoutMs: 20_000,
  signal: new AbortController().signal,
  ...fields,
});
const ask = (command: string, fields: Partial<ModelQuestion> = {}) =>
  askModelByCommand({ command, cwd })(question(fields));

const hostile = `a 'b' "c" $(touch evil) \`touch evil\` \${HOME} $HOME ; touch evil & * \\ !\né`;

describe("askModelByCommand", () => {
  it("puts model, prompt, schema and bound where the command wants them, and gives back what it says", async () => {
    const command = 'printf "%s|" ${model:shell} ${prompt:shell} ${schema:shell} ${max_tokens}';
    expect(await ask(command)).toBe('sonnet|Done?|{"type":"object"}|256|');
  });

  it("gives the prompt on standard input where the command does not name it, and the schema in the prompt", async () => {
    expect(await ask("cat")).toMatch(/^Done\?\n\nAnswer with .*JSON Schema:\n\{"type":"object"\}\n$/s);
    expect(await ask("cat; echo ${schema:shell}")).toBe('Done?\n{"type":"object"}\n');
  });

  it.each(["printf %s ${prompt:shell}", 'printf %s "${prompt}"', "cat"])(
    "executes nothing of a prompt: %s",
    async (command) => {
      expect((await ask(command, { prompt: hostile })).startsWith(hostile)).toBe(true);
      await ask("true ${prompt} ${schema:shell}; echo ok", { prompt: hostile });
      expect(existsSync(join(cwd, "evil"))).toBe(false);
    },
  );

  it("leaves to the shell what is its own", async () => {
    vi.stubEnv("LOOPS_TEST_VALUE", "of the shell");
    expect(await ask('echo "${LOOPS_TEST_VALUE} ${none:-else} $LOOPS_TEST_VALUE"')).toBe(
      "of the shell else of the shell\n",
    );
    vi.unstubAllEnvs();
    expect(await askModelByCommand({ command: 'echo "$KEY"', env: { KEY: "given" } })(question())).toBe("given\n");
  });

  it.each([
    ["no-such-program-here --ask", "missing", /cannot be run.*no-such-program-here/],
    ["echo 'over quota' >&2; exit 3", "failed", /exit code 3: over quota/],
    ["kill -9 $$", "failed", /exit code -9/],
    ["echo; echo 'only this' >&2", "empty", /said nothing: only this/],
  ])("%s is of the kind %s", async (command, kind, message) => {
    await expect(ask(command)).rejects.toMatchObject({
      code: "LOOPS_MODEL",
      kind,
      message: expect.stringMatching(message),
    });
  });

  it("ends a command at its deadline, with all that it has started", async () => {
    const hanging = "sleep 600 & echo $! > child; trap '' TERM; echo '{}'; wait; sleep 600";
    await expect(ask(hanging, { timeoutMs: 300 })).rejects.toMatchObject({ kind: "timeout" });
    const child = Number(readFileSync(join(cwd, "child"), "utf8"));
    await vi.waitFor(() => expect(() => process.kill(child, 0)).toThrow("ESRCH"), { timeout: 10_000 });
  });

  it("ends it on the signal, and rejects with its reason", async () => {
    const stop = new AbortController();
    const asking = ask("echo $$ > child; exec sleep 600", { signal: stop.signal });
    await vi.waitFor(() => expect(existsSync(join(cwd, "child"))).toBe(true), { timeout: 10_000 });
    stop.abort(new Error("stopped by force"));
    await expect(asking).rejects.toThrow("stopped by force");
  });

  it("a prompt that is more than the system passes is an error that says so", async () => {
    await expect(ask("cat", { prompt: "x".repeat(300_000) })).rejects.toThrow(/more than the system passes/);
  });

  it("refuses an empty command", () => {
    expect(() => askModelByCommand({ command: " " })).toThrow(expect.objectContaining({ code: "LOOPS_CONFIG" }));
  });

  it("is what llm_structured can ask", async () => {
    const command = `echo '{"type":"result","result":"\`\`\`json\\n{\\"verdict\\":\\"partial\\",\\"confidence\\":0.6}\\n\`\`\`"}'`;
    const asked = request({ config: { type: "llm_structured" }, result: resultOf({ output: "half" }) });
    expect(await evaluate(asked, withEffects({ askModel: askModelByCommand({ command }) }))).toMatchObject({
      verdict: "partial",
      details: { confidence: 0.6, confident: true },
    });
    const missing = withEffects({ askModel: askModelByCommand({ command: "no-such-program-here" }) });
    expect(await evaluate(asked, missing)).toMatchObject({ verdict: "error", details: { missing_dependency: true } });
  });
});
