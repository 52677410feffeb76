import { existsSync, mkdirSync } from "node:fs";
import { fileStore, parseLoop, runLoop } from "@loops/fsm";
import { expect, it, vi } from "vitest";
import { countToThree, type Folder, folder } from "./support.js";

/** What the original wrote of a run: no id, no definition, an events file without numbers. */
function writeOriginal({ path, write }: Folder) {
  const state = (more: object) =>
    JSON.stringify({
      loop_name: "fix",
      current_state: "check",
      iteration: 3,
      captured: {},
      prev_result: null,
      last_result: null,
      started_at: "2026-03-18T10:00:00+00:00",
      updated_at: "2026-03-18T10:00:05+00:00",
      status: "running",
      accumulated_ms: 5000,
      ...more,
    });
  const events = [
    { event: "loop_start", ts: "2026-03-18T10:00:00.000000+00:00", loop: "fix" },
    { event: "state_enter", ts: "2026-03-18T10:00:00.100000+00:00", state: "check", iteration: 1 },
    { event: "action_output", ts: "2026-03-18T10:00:00.200000+00:00", line: "said" },
    {
      event: "loop_complete",
      ts: "2026-03-18T10:00:05.000000+00:00",
      final_state: "done",
      iterations: 3,
      terminated_by: "terminal",
    },
  ];
  const lines = events.map((event) => `${JSON.stringify(event)}\n`).join("");
  const archived = ".loops/.history/fix/2026-03-17T100000";
  for (const made of [".loops/.running", archived]) mkdirSync(`${path}/${made}`, { recursive: true });
  write(".loops/.running/fix.state.json", state({}));
  write(".loops/.running/fix.events.jsonl", lines);
  write(
    `${archived}/state.json`,
    state({ status: "completed", started_at: "2026-03-17T10:00:00+00:00", current_state: "done" }),
  );
  write(`${archived}/events.jsonl`, lines);
}

it("what the original wrote is listed, shown, drawn, told and followed", async () => {
  const place = folder();
  writeOriginal(place);
  const { call } = place;
  expect((await call("ls")).out).toMatch(/fix {3}killed {2}check {2}#3 +2026-03-18T10:00:00/);
  expect((await call("show", "fix")).out).toMatch(/state +check \(#3\)/);
  const history = await call("history", "fix");
  expect(history).toMatchObject({ code: 0, err: "" });
  expect(history.out).toMatch(/2026-03-17T100000 {2}completed {2}done/);
  const told = await call("history", "fix", "2026-03-17T100000", "-v");
  expect(told.out).toContain("fix starts");
  expect(told.out).toContain("  | said\n");
  expect(told.out).toContain("ended in done after 3 states (terminal)");
  expect((await call("tail", "fix")).out).toContain("check #1");
  for (const [what, ...more] of [
    ["graph", "fix"],
    ["resume", "fix"],
    ["stop", "fix"],
  ]) {
    const { err } = await call(what ?? "", ...more);
    expect(err).not.toContain("    at ");
  }
});

it("child runs are listed below their parents, further in; scripts are told whose they are", async () => {
  const { call, path, start, write } = folder();
  mkdirSync(`${path}/.loops`);
  write(
    ".loops/parent.yaml",
    "name: parent\ninitial: sub\nstates: {sub: {loop: child, on_yes: done, on_no: done}, done: {terminal: true}}\n",
  );
  write(
    ".loops/child.yaml",
    "name: child\ninitial: a\nstates: {a: {action: touch begun; sleep 60, next: c}, c: {terminal: true}}\n",
  );
  write("count.yaml", countToThree);
  await call("run", "count.yaml", "-q");
  const running = start("run", "parent");
  await vi.waitFor(() => expect(existsSync(`${path}/begun`)).toBe(true), { timeout: 10_000 });
  running.kill("SIGKILL");
  await running.ended;
  const { out } = await call("ls");
  const names = out
    .trimEnd()
    .split("\n")
    .map((line) => /^ *\S+/.exec(line)?.[0]);
  expect(names).toEqual(expect.arrayContaining(["LOOP", "parent", "  child", "count"]));
  expect(names.indexOf("  child")).toBe(names.indexOf("parent") + 1);
  const runs = (await call("ls", "--json")).out
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  const [top, below] = [runs.find(({ loop }) => loop === "parent"), runs.find(({ loop }) => loop === "child")];
  expect(below).toMatchObject({ depth: 1, parent_run_id: top.run_id });
  expect((await call("ls", "--status", "running")).out).not.toContain("parent");
  expect((await call("ls", "--status", "killed")).out).toContain("\n  child");
  expect((await call("ls", "--status", "completed")).out).not.toContain("child");
  // Ends what the killed one left running.
  expect((await call("resume", "parent", "--in-doubt", "fail", "-q")).code).toBe(0);
});

it("hundreds of runs are listed, and told from each other", async () => {
  const { call, path } = folder();
  const { definition } = parseLoop("name: many\ninitial: a\nstates: {a: {next: b}, b: {terminal: true}}\n");
  const store = fileStore({ dir: `${path}/.loops` });
  for (let n = 0; n < 300; n++) await runLoop({ definition, store });
  expect((await call("history", "many", "-n", "1000")).out.trimEnd().split("\n")).toHaveLength(300);
  expect((await call("history", "many", "-n", "7", "--json")).out.trimEnd().split("\n")).toHaveLength(7);
  expect((await call("ls")).out.trimEnd().split("\n")).toHaveLength(2);
});

it("a directory without runs has an empty list, not an error", async () => {
  const { call } = folder();
  expect(await call("ls")).toMatchObject({ code: 0, err: "" });
  expect(await call("ls", "--json")).toEqual({ code: 0, out: "", err: "" });
  expect(await call("history", "nothing", "--json")).toEqual({ code: 0, out: "", err: "" });
});

it("Ctrl-C leaves a run that is followed as it is, and is no failure", async () => {
  const place = folder();
  place.write(
    "a.yaml",
    "name: a\ninitial: a\nstates: {a: {action: 'touch begun; until [ -e go ]; do sleep 0.02; done', next: b}, b: {terminal: true}}\n",
  );
  const run = place.start("run", "a.yaml", "-q");
  await vi.waitFor(() => expect(existsSync(`${place.path}/begun`)).toBe(true), { timeout: 10_000 });
  const tail = place.start("tail", "a", "--json");
  tail.stdout?.once("data", () => tail.kill("SIGINT"));
  expect(await tail.ended).toMatchObject({ code: 0, err: "" });
  place.write("go", "");
  expect((await run.ended).code).toBe(0);
});
