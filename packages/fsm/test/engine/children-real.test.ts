import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fileStore, parseLoop, resumeLoop, runLoop } from "../../src/index.js";
import { chain, done } from "./children.js";
import { fakeRunner, recorder } from "./harness.js";
import { loopOf } from "./machines.js";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "loops-children-"));
  mkdirSync(join(dir, ".loops"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const store = () => fileStore({ dir: join(dir, ".loops") });
const write = (name: string, text: string) => writeFileSync(join(dir, name), text);
const parent = (loop: string) =>
  loopOf({ sub: { loop, on_yes: "yes", on_no: "no", on_error: "error" }, yes: done, no: done, error: done });
const oneAction = (action: string) =>
  `name: child\ninitial: a\nstates:\n  a: { action: "${action}", capture: said, next: done }\n  done: { terminal: true }\n`;

describe("a child loop in a file", () => {
  const said = async (loop: string, options: object = {}) => {
    const result = await runLoop({ definition: parent(loop), store: store(), cwd: dir, ...options });
    return result.captured["sub"] ?? result.final_state;
  };

  it("is found as the path that is given, then by its name in the directory of loops", async () => {
    write(".loops/child.yaml", oneAction("echo yaml"));
    expect(await said("child")).toMatchObject({ said: { output: "yaml\n" } });
    write(".loops/child.fsm.yaml", oneAction("echo fsm.yaml"));
    expect(await said("child")).toMatchObject({ said: { output: "fsm.yaml\n" } });
    write("child", oneAction("echo path"));
    expect(await said("child")).toMatchObject({ said: { output: "path\n" } });
    mkdirSync(join(dir, "elsewhere"));
    write("elsewhere/other.yml", oneAction("echo elsewhere"));
    expect(await said("other", { loopsDir: "elsewhere" })).toMatchObject({ said: { output: "elsewhere\n" } });
  });

  it("that is missing or wrong is an error of the state, and says what was looked for or what is wrong", async () => {
    const bus = recorder();
    expect(await said("missing", { bus })).toBe("error");
    write(".loops/broken.yaml", "name: broken\ninitial: a\nstates:\n  a: { action: x, next: nowhere }\n");
    expect(await said("broken")).toBe("error");
    const unrouted = (loop: string) => chain("parent", { sub: { loop } });
    const missing = await runLoop({ definition: unrouted("missing"), store: store(), cwd: dir });
    expect(missing.error).toMatchObject({ type: "LOOPS_LOOP_NOT_FOUND", state: "sub" });
    expect(missing.error?.message).toContain(join(dir, ".loops", "missing.fsm.yaml"));
    const broken = await runLoop({ definition: unrouted("broken"), store: store(), cwd: dir });
    expect(broken.error).toMatchObject({ type: "LOOPS_LOOP_INVALID", message: expect.stringContaining("nowhere") });
    const listed = readdirSync(join(dir, ".loops", ".running")).filter((name) => !/^(?:test-loop|parent)\./.test(name));
    expect(listed).toEqual([]);
  });

  it("may use the evaluators and kinds of action of its parent's program", async () => {
    write(
      ".loops/child.yaml",
      "name: child\ninitial: a\nstates:\n  a: { action: x, action_type: mine, evaluate: { type: moon }, on_full: done }\n  done: { terminal: true }\n",
    );
    const runners = { mine: fakeRunner() };
    const evaluators = { moon: () => ({ verdict: "full", details: {} }) };
    const result = await runLoop({ definition: parent("child"), store: store(), cwd: dir, runners, evaluators });
    expect(result.final_state).toBe("yes");
  });
});

it("a child that a kill kept from its first commit is made anew, under the id that its parent has recorded", async () => {
  const definition = parent("child");
  const child = parseLoop(oneAction("echo done >> ledger")).definition;
  const runs = store();
  const dying = {
    ...runs,
    // The parent's intent is there, and the child's empty files; then the process dies.
    create: async (...parameters: Parameters<typeof runs.create>) => {
      const lease = await runs.create(...parameters);
      if (parameters[0].parent_run_id === null) return lease;
      throw new Error("killed");
    },
  };
  const options = { cwd: dir, resolveLoop: () => child };
  await expect(runLoop({ ...options, definition, store: dying })).rejects.toThrow("killed");
  const [ownerFile = ""] = readdirSync(join(dir, ".loops", ".running")).filter((name) => /^child-.*owner/.test(name));
  const owner = join(dir, ".loops", ".running", ownerFile);
  const { pid: _pid, ...identity } = JSON.parse(readFileSync(owner, "utf8")) as { pid: number };
  writeFileSync(owner, JSON.stringify({ ...identity, pid: 2 ** 22 + 1 }));

  const pending = (await runs.find("test-loop"))?.pending_child?.run_id;
  expect(await resumeLoop({ ...options, run: "test-loop", store: store() })).toMatchObject({ final_state: "yes" });
  expect(readFileSync(join(dir, "ledger"), "utf8")).toBe("done\n");
  expect((await store().history("child")).runs).toMatchObject([{ run_id: pending, status: "completed" }]);
});

it("several parents at once run the same child in files of their own, and leave none of them", async () => {
  const child = parseLoop(oneAction("echo $LOOPS_RUN_ID; sleep 0.05")).definition;
  const run = () =>
    runLoop({ definition: parent("child"), store: store(), cwd: dir, clearPrevious: false, resolveLoop: () => child });
  const results = await Promise.all([run(), run(), run()]);
  expect(results.map(({ final_state }) => final_state)).toEqual(["yes", "yes", "yes"]);
  const { runs } = await store().history("child");
  expect(new Set(runs.map(({ parent_run_id }) => parent_run_id))).toEqual(new Set(results.map(({ run_id }) => run_id)));
  expect((await store().list()).runs).toHaveLength(3);
});

it("a run of the child loop that somebody started is left alone by children, and leaves them alone", async () => {
  const child = parseLoop(oneAction("echo $LOOPS_RUN_ID")).definition;
  const options = { store: store(), cwd: dir, resolveLoop: () => child };
  const { run_id } = await runLoop({ ...options, definition: child });
  await runLoop({ ...options, definition: parent("child") });
  expect(await store().find("child")).toMatchObject({ run_id, parent_run_id: null });
  expect(existsSync(join(dir, ".loops", ".running", "child.state.json"))).toBe(true);
});
