import { spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { defineLoop, functionRunner, type RunState, resumeLoop, runLoop } from "@loops/fsm";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { type SqlStore, sqlStore } from "../../src/store.js";
import { type Place, placesFor } from "./places.js";

const { all } = await placesFor("the engine on PostgreSQL");
const engine = fileURLToPath(new URL("../fixtures/engine.mjs", import.meta.url));
const soon = { timeout: 10_000, interval: 20 };

function openStore({ given }: Place): SqlStore<RunState> {
  const store = sqlStore<RunState>(given);
  onTestFinished(() => store.close());
  return store;
}

const linesOf = ({ folder }: Place): readonly string[] => {
  const file = join(folder, "log");
  return existsSync(file) ? readFileSync(file, "utf8").trimEnd().split("\n") : [];
};

/** The parent of two levels; each action leaves its idempotency key, the last of the child waits until it may go on. */
const inner = defineLoop({
  name: "inner",
  initial: "one",
  states: {
    one: { action: 'echo "inner one" >>log; echo found', capture: "finding", next: "two" },
    two: { action: 'echo "inner two" >>log; until [ -e go ]; do sleep 0.02; done', next: "done" },
    done: { terminal: true },
  },
});
const found = ["$", "{captured.nested.finding.output}"].join("");
const outer = defineLoop({
  name: "outer",
  initial: "before",
  states: {
    before: { action: 'echo "outer before" >>log', next: "nested" },
    nested: { loop: "inner", on_success: "after", on_failure: "failed" },
    after: { action: `echo "outer after ${found}" >>log`, next: "done" },
    failed: { terminal: true },
    done: { terminal: true },
  },
});

describe.each(all)("the engine on %s", (_name, makePlace) => {
  it("a loop in a loop is killed for real, resumed through its parent, and runs no recorded action twice", async () => {
    const place = await makePlace();
    const args = [JSON.stringify(place.given), JSON.stringify(outer), JSON.stringify(inner)];
    const child = spawn(process.execPath, [engine, ...args], {
      cwd: place.folder,
      stdio: ["ignore", "ignore", "inherit"],
    });
    const ended = new Promise((resolve) => child.once("close", resolve));
    onTestFinished(() => void child.kill("SIGKILL"));
    await vi.waitFor(() => expect(linesOf(place)).toContain("inner two"), soon);
    child.kill("SIGKILL");
    await ended;

    const store = openStore(place);
    expect(await store.find("outer")).toMatchObject({ status: "running", current_state: "nested" });
    const { runs } = await store.list();
    expect(runs.map((run) => run.loop_name).toSorted()).toEqual(["inner", "outer"]);
    writeFileSync(join(place.folder, "go"), "");
    const emitted: string[] = [];
    const bus = { emit: (event: { readonly id: string }) => void emitted.push(event.id) };
    const options = { store, bus, cwd: place.folder, resolveLoop: () => inner };
    const result = await resumeLoop({ run: "outer", ...options });
    expect(result).toMatchObject({ status: "completed", final_state: "done" });
    // The one that was running when the process died may run again; nothing else may.
    expect(linesOf(place)).toEqual(["outer before", "inner one", "inner two", "inner two", "outer after found"]);
    const events = await store.readEvents("outer", result.run_id);
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
    // What the dead process had not marked as delivered was emitted again, under the same ids.
    expect(events.every(({ id }) => emitted.includes(id))).toBe(true);
  });

  it("a run that hands over waits, and another store goes on with it; the next start archives it, with its children", async () => {
    const place = await makePlace();
    const definition = defineLoop({
      name: "hands-over",
      initial: "work",
      on_handoff: "pause",
      states: { work: { action: "work", next: "done" }, done: { terminal: true } },
    });
    let handsOver = true;
    const options = {
      runner: functionRunner({ work: () => ({ output: handsOver ? "CONTEXT_HANDOFF: go on at step 2" : "ok" }) }),
    };
    const first = openStore(place);
    const begun = await runLoop({ definition, store: first, ...options });
    expect(begun).toMatchObject({ handoff: true, continuation_prompt: "go on at step 2" });
    handsOver = false;
    const second = openStore(place);
    const ended = await resumeLoop({ run: "hands-over", store: second, ...options });
    expect(ended).toMatchObject({ run_id: begun.run_id, status: "completed" });
    const next = await runLoop({ definition, store: first, ...options });
    expect((await first.list()).runs.map(({ run_id }) => run_id)).toEqual([next.run_id]);
    expect((await second.history("hands-over")).runs.map(({ run_id }) => run_id)).toEqual([begun.run_id]);
  });

  it("a run is stopped through another store, and gone on with", async () => {
    const place = await makePlace();
    const definition = defineLoop({
      name: "turns",
      initial: "turn",
      max_iterations: 1000,
      states: {
        turn: { action: "turn", on_yes: "done", on_no: "turn" },
        done: { terminal: true },
      },
    });
    let stops = true;
    const store = openStore(place);
    const other = openStore(place);
    const options = {
      runner: functionRunner({
        async turn() {
          if (stops) await other.requestStop((await other.find("turns"))?.run_id ?? "");
          return { exit_code: stops ? 1 : 0 };
        },
      }),
    };
    expect(await runLoop({ definition, store, ...options })).toMatchObject({
      status: "interrupted",
      terminated_by: "signal",
    });
    stops = false;
    expect(await resumeLoop({ run: "turns", store: other, ...options })).toMatchObject({ status: "completed" });
  });
});
