import { appendFileSync, mkdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { contentOf, newEvent, newState, newStore, readJson, scratch } from "./support.js";

/** As the original system wrote it: blanks, ASCII escapes, no run id, no place in a journal. */
const original = `{
  "loop_name": "fix-types",
  "current_state": "check",
  "iteration": 3,
  "captured": {"errors": {"output": "caf\\u00e9", "stderr": "", "exit_code": 1, "duration_ms": 12}},
  "prev_result": null,
  "last_result": {"verdict": "no", "details": {"exit_code": 1}},
  "started_at": "2024-01-15T10:30:00.123456+00:00",
  "updated_at": "2024-01-15T10:31:00.000000+00:00",
  "status": "running",
  "accumulated_ms": 60000
}`;

function storeWith(files: Readonly<Record<string, string | Buffer>>) {
  const opened = newStore();
  mkdirSync(opened.running("."), { recursive: true });
  for (const [name, content] of Object.entries(files)) writeFileSync(opened.running(name), content);
  return opened;
}

/** A run with a few commits, given up. */
async function endedRun() {
  const opened = newStore();
  const state = newState();
  const lease = await opened.store.create(state);
  await lease.commit([newEvent("loop_start", { run_id: state.run_id }), newEvent("state_enter")], {
    set: { iteration: 1 },
  });
  await lease.commit([newEvent("route")], { set: { iteration: 2, status: "interrupted" } });
  await lease.release();
  const { journal, view } = {
    journal: opened.running("fix-types.events.jsonl"),
    view: opened.running("fix-types.state.json"),
  };
  return { ...opened, state, journal, view };
}

describe("reading runs", () => {
  it("P-6: no file is null, by name and by id", async () => {
    const { store } = newStore();
    expect(await store.find("fix-types")).toBe(null);
    const { store: other } = await endedRun();
    expect(await other.find("fix")).toBe(null);
    await expect(other.acquire("01JUNKNOWN")).rejects.toMatchObject({ code: "LOOPS_RUN_NOT_FOUND" });
  });

  it("finds the newest run of a loop by its exact name, and any run by its id", async () => {
    const { store } = newStore();
    const newer = newState({ started_at: "2026-02-01T00:00:00.000Z" });
    const older = newState({ started_at: "2026-01-01T00:00:00.000Z" });
    for (const state of [newer, older]) await (await store.create(state)).commit([newEvent("loop_start")], {});
    expect(await store.find("fix-types")).toMatchObject({ run_id: newer.run_id });
    expect(await store.find(older.run_id)).toMatchObject({ run_id: older.run_id });
  });

  it.each([
    ["not JSON", "{", "not JSON"],
    ["not an object", "[1]", "not a JSON object"],
    ["not UTF-8", Buffer.from([0x7b, 0xff, 0x7d]), "not UTF-8"],
    [
      "without required keys",
      '{"loop_name":"fix-types","iteration":1,"status":"running"}',
      '"current_state" (string), "started_at"',
    ],
    ["with keys of another type", original.replace('"iteration": 3', '"iteration": "3"'), '"iteration" (number)'],
    ["empty", "", "not JSON"],
  ])("P-6, B-12: a state file %s is a typed error that names it, and stays untouched", async (_, content, problem) => {
    const { store, dir, running } = storeWith({ "fix-types.state.json": content });
    const before = contentOf(dir);
    const corrupt = { code: "LOOPS_STATE_CORRUPT", message: expect.stringContaining(problem) };
    expect(() => store.find("fix-types")).toThrow(expect.objectContaining(corrupt));
    expect(() => store.find("fix-types")).toThrow(running("fix-types.state.json"));
    expect(contentOf(dir)).toEqual(before);
  });

  it("P-11, B-12: the list has every run, ended ones too, and reports a corrupt one beside them", async () => {
    const { store, running, state } = await endedRun();
    writeFileSync(running("broken.state.json"), "{");
    writeFileSync(running("a..b.state.json"), original);
    mkdirSync(running("directory.state.json"));
    mkdirSync(running("other.events.jsonl"));
    const { runs, corrupt } = await store.list();
    expect(runs.map((run) => run.run_id)).toEqual(["2024-01-15T103000", state.run_id]);
    const names = ["broken", "directory", "other"];
    const error = { code: "LOOPS_STATE_CORRUPT" };
    expect(corrupt).toMatchObject(names.map((name) => ({ where: running(`${name}.state.json`), error })));
  });

  it("B-12: a corrupt previous run does not keep its loop from running, and is kept", async () => {
    const { store, dir, running, warnings } = storeWith({ "fix-types.state.json": "{" });
    const state = newState();
    await (await store.create(state)).commit([newEvent("loop_start")], {});
    expect(contentOf(dir)[".running/fix-types.state.json"]).toBe("{");
    expect(warnings).toMatchObject([{ type: "corrupt_run_kept", path: running("fix-types.state.json") }]);
    expect(await store.find("fix-types")).toMatchObject({ run_id: state.run_id });
  });

  it("B-12: a corrupt view can be removed: the journal has everything", async () => {
    const { store, view, state } = await endedRun();
    writeFileSync(view, "{");
    await expect(store.acquire(state.run_id)).rejects.toMatchObject({ code: "LOOPS_STATE_CORRUPT" });
    rmSync(view);
    expect(await store.find("fix-types")).toMatchObject({ iteration: 2, status: "interrupted" });
    const lease = await store.acquire(state.run_id);
    expect(lease).toMatchObject({ seq: 3, epoch: 2, state: { ...state, iteration: 2, status: "interrupted" } });
  });

  it("a view without its journal is corrupt rather than a run that forgot its events", async () => {
    const { store, journal, state } = await endedRun();
    rmSync(journal);
    await expect(store.acquire(state.run_id)).rejects.toThrow(`${journal} is missing`);
  });

  it("a view that does not fit its journal is not trusted", async () => {
    const { store, view, journal, state } = await endedRun();
    const whole = readJson(view);
    const [first = "", second = ""] = readFileSync(journal, "utf8").split("\n");
    const lineEnds = [first.length + 1, first.length + second.length + 2];
    for (const offset of [0, 1, 100, ...lineEnds, statSync(journal).size + 1]) {
      writeFileSync(view, JSON.stringify({ ...whole, offset, seq: 3, iteration: 99 }));
      expect(await store.find(state.run_id)).toMatchObject({ iteration: 2 });
    }
  });

  it("a resume reads the tail only: what lies before the view's last commit is not looked at", async () => {
    const { store, journal, state } = await endedRun();
    const bytes = readFileSync(journal);
    bytes.fill("~", 0, bytes.lastIndexOf("\n", -2));
    writeFileSync(journal, bytes);
    expect((await store.acquire(state.run_id)).state).toMatchObject({ iteration: 2 });
  });

  it("a damaged line before later commits is reported, not skipped: a result could be lost", async () => {
    const { store, dir, view, journal, state } = await endedRun();
    rmSync(view);
    writeFileSync(journal, readFileSync(journal, "utf8").replace('"state_enter"', '"state_'));
    const before = contentOf(dir);
    await expect(store.acquire(state.run_id)).rejects.toMatchObject({ code: "LOOPS_STATE_CORRUPT" });
    expect((await store.list()).corrupt).toHaveLength(1);
    expect(contentOf(dir)).toEqual(before);
  });
});

describe("what the original system wrote", () => {
  it("P-2, P-3, P-9: its state is read, with defaults for what it lacks and the run id it had", async () => {
    const { store } = storeWith({ "fix-types.state.json": original });
    expect(await store.find("fix-types")).toMatchObject({
      run_id: "2024-01-15T103000",
      loop_name: "fix-types",
      current_state: "check",
      iteration: 3,
      captured: { errors: { output: "café" } },
      updated_at: "2024-01-15T10:31:00.000000+00:00",
      retry_counts: {},
      phase: "ready",
      definition_hash: "",
    });
    const least =
      '{"loop_name":"a","current_state":"b","iteration":1,"started_at":"2024-01-15T10:30:00","status":"failed"}';
    const { store: other } = storeWith({ "a.state.json": least });
    expect(await other.find("a")).toMatchObject({
      captured: {},
      prev_result: null,
      last_result: null,
      updated_at: "",
      accumulated_ms: 0,
      retry_counts: {},
      phase: "ended",
    });
  });

  it("P-7: its events are read as they are, blank and bad lines skipped", async () => {
    const events = '{"event": "loop_start", "n": NaN}\n\n{bad\n{"event": "state_enter"}';
    const { store } = storeWith({ "fix-types.state.json": original, "fix-types.events.jsonl": events });
    expect(await store.readEvents("fix-types", "2024-01-15T103000")).toEqual([
      { event: "loop_start", n: null },
      { event: "state_enter" },
    ]);
  });

  it("P-1: its archive is read, found by the name of its directory", async () => {
    const { store, archived } = newStore();
    mkdirSync(archived("fix-types", "2024-01-15T103000"), { recursive: true });
    writeFileSync(archived("fix-types", "2024-01-15T103000", "state.json"), original);
    writeFileSync(archived("fix-types", "2024-01-15T103000", "events.jsonl"), '{"event": "loop_start"}\n');
    const { runs } = await store.history("fix-types");
    expect(runs).toMatchObject([{ run_id: "2024-01-15T103000", iteration: 3 }]);
    expect(await store.readEvents("fix-types", "2024-01-15T103000")).toEqual([{ event: "loop_start" }]);
  });

  it("is not gone on with: there is no definition and no journal", async () => {
    const { store, dir } = storeWith({ "fix-types.state.json": original });
    const before = contentOf(dir);
    await expect(store.acquire("2024-01-15T103000")).rejects.toMatchObject({ code: "LOOPS_STATE_VERSION" });
    expect(contentOf(dir)).toEqual(before);
  });

  it("P-8: is archived unchanged by the next run", async () => {
    const { store, archived } = storeWith({ "fix-types.state.json": original, "fix-types.events.jsonl": "{}\n" });
    await store.create(newState());
    expect(readFileSync(archived("fix-types", "2024-01-15T103000", "state.json"), "utf8")).toBe(original);
    expect(readFileSync(archived("fix-types", "2024-01-15T103000", "events.jsonl"), "utf8")).toBe("{}\n");
  });
});

describe("a torn journal", () => {
  it("B-11: is cut back to its last commit, counted, and the next event is whole", async () => {
    const { store, journal, state, warnings } = await endedRun();
    const size = statSync(journal).size;
    appendFileSync(journal, '{"event":"action_start","seq":4}\n{"event":"action_comp');
    const lease = await store.acquire(state.run_id);
    expect(lease.seq).toBe(3);
    expect(statSync(journal).size).toBe(size);
    expect(warnings).toMatchObject([{ type: "journal_repaired", path: journal, lines: 2, bytes: 54 }]);
    const next = newEvent("loop_resume");
    await lease.commit([next], {});
    expect(await lease.events(3)).toEqual([{ seq: 4, event: next }]);
  });

  it("B-11: a line without a line end was not committed, though it parses", async () => {
    const { store, journal, view, state } = await endedRun();
    rmSync(view);
    truncateSync(journal, statSync(journal).size - 1);
    expect((await store.acquire(state.run_id)).state).toMatchObject({ iteration: 1, status: "running" });
  });

  it("B-2, B-11: cut at any byte, it resumes at the last whole commit, or at the later one that the view has", async () => {
    const dir = scratch();
    const { store, running } = newStore({ dir });
    const state = newState();
    const journal = running("fix-types.events.jsonl");
    const view = running("fix-types.state.json");
    const lease = await store.create(state);
    const commits: { readonly end: number; readonly seq: number; readonly iteration: number }[] = [];
    let seq = 0;
    let firstView: Buffer | null = null;
    for (let iteration = 0; iteration < 12; iteration += 1) {
      const events = Array.from({ length: 1 + (iteration % 3) }, (_, n) => newEvent("state_enter", { n, text: "é" }));
      seq += events.length;
      firstView ??= iteration === 1 ? readFileSync(view) : null;
      await lease.commit(events, {
        set: { iteration },
        captured: { [`c${iteration % 2}`]: { output: `${iteration}` } },
      });
      commits.push({ end: statSync(journal).size, seq, iteration });
    }
    await lease.release();
    const whole = readFileSync(journal);
    const lastView = readFileSync(view);

    const cuts = fc.integer({ min: commits[0]?.end ?? 0, max: whole.length });
    const views = fc.constantFrom(null, lastView, firstView);
    await fc.assert(
      fc.asyncProperty(cuts, views, async (cut, viewContent) => {
        writeFileSync(journal, whole.subarray(0, cut));
        rmSync(view, { force: true });
        if (viewContent !== null) writeFileSync(view, viewContent);
        const expected = commits.findLast((commit) => commit.end <= cut);
        const resumed = await newStore({ dir }).store.acquire(state.run_id);
        // The view that was written last has the state also of what the cut took.
        const known = viewContent === lastView ? commits.at(-1) : expected;
        expect({ seq: resumed.seq, iteration: resumed.state.iteration }).toEqual({
          seq: known?.seq,
          iteration: known?.iteration,
        });
        expect((await resumed.events(0)).map((event) => event.seq)).toEqual(
          Array.from({ length: expected?.seq ?? 0 }, (_, n) => n + 1),
        );
        expect(statSync(journal).size).toBe(expected?.end);
        await resumed.release();
      }),
      { numRuns: 60 },
    );
  });
});

describe("the events of a lease", () => {
  it("are those above a seq, wherever in a long journal that lies", async () => {
    const { store } = newStore();
    const lease = await store.create(newState());
    for (let n = 0; n < 3_000; n += 1) {
      await lease.commit([newEvent("state_enter", { text: "x".repeat(n % 200) }), newEvent("route", { n })], {});
    }
    const all = await lease.events(0);
    expect(all.map(({ seq }) => seq)).toEqual(Array.from({ length: 6_000 }, (_, n) => n + 1));
    for (const after of [0, 1, 2, 777, 3_000, 5_400, 5_997, 5_998, 5_999, 6_000]) {
      expect(await lease.events(after)).toEqual(all.slice(after));
    }
  });
});
