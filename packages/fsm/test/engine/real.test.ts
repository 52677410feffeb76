import nodeFs, { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fileStore, parseLoop, resumeLoop, runLoop } from "../../src/index.js";
import { recorder } from "./harness.js";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "loops-engine-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const store = () => fileStore({ dir: join(dir, ".loops") });
/** A zombie is dead: its parent has only not asked yet. */
const isAlive = (pid: number) =>
  existsSync(`/proc/${pid}/stat`) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));

/** Mends one fault at a time until none is left. */
const mending = parseLoop(`
name: mend-all
initial: check
states:
  check:
    action: cat faults; [ ! -s faults ]
    capture: report
    on_yes: done
    on_no: mend
  mend:
    action: sed -i 1d faults; echo mended \${captured.report.exit_code} in \${loop.name}
    evaluate: { type: output_contains, pattern: "mended" }
    route: { yes: check, _: failed }
  done: { terminal: true }
  failed: { terminal: true }
`).definition;

describe("with real files and real processes", () => {
  it("a loop runs until there is nothing left to mend, and its journal tells the same as its bus", async () => {
    writeFileSync(join(dir, "faults"), "one\ntwo\n");
    const bus = recorder();
    const result = await runLoop({ definition: mending, store: store(), bus, cwd: dir });
    expect(result).toMatchObject({ status: "completed", final_state: "done", iterations: 5 });
    expect(result.captured["report"]).toMatchObject({ output: "", exit_code: 0 });
    expect(readFileSync(join(dir, "faults"), "utf8")).toBe("");
    expect(bus.named("action_output").map((event) => event["line"])).toEqual([
      "one",
      "two",
      "mended 1 in mend-all",
      "two",
      "mended 1 in mend-all",
    ]);
    expect(await store().readEvents("mend-all", result.run_id)).toEqual(bus.events);
  });

  it("B-21: stopped by force, a long action is gone with its children, and the run goes on at the same state", async () => {
    const force = new AbortController();
    const loop = parseLoop(`
name: long
initial: wait
states:
  wait:
    action: if [ -e go ]; then exit 0; fi; echo $$; sleep 60
    next: done
    on_error: failed
  done: { terminal: true }
  failed: { terminal: true }
`).definition;
    let pid = 0;
    const bus = {
      emit: (event: { event: string; line?: unknown }) => {
        if (event.event !== "action_output") return;
        pid = Number(event.line);
        force.abort();
      },
    };
    const stopped = await runLoop({ definition: loop, store: store(), bus, cwd: dir, forceSignal: force.signal });
    expect(stopped).toMatchObject({ status: "interrupted", final_state: "wait", iterations: 1 });
    expect(pid).toBeGreaterThan(0);
    if (process.platform === "linux") expect(isAlive(pid)).toBe(false);

    writeFileSync(join(dir, "go"), "");
    const resumed = await resumeLoop({ run: "long", store: store(), cwd: dir });
    expect(resumed).toMatchObject({ run_id: stopped.run_id, status: "completed", final_state: "done", iterations: 1 });
  });

  it("a disk that fills up ends the running action and stops the run, which goes on once there is room", async () => {
    let full = false;
    const writeSync = ((...args: Parameters<typeof nodeFs.writeSync>) => {
      if (full) throw Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" });
      return nodeFs.writeSync(...args);
    }) as typeof nodeFs.writeSync;
    const faulty = fileStore({ dir: join(dir, ".loops"), fs: { writeSync } });
    const loop = parseLoop(`
name: chatty
initial: chat
states:
  chat:
    action: if [ -e quiet ]; then exit 0; fi; echo $$; while sleep 0.01; do echo more; done
    next: done
  done: { terminal: true }
`).definition;
    let pid = 0;
    const bus = {
      emit: (event: { event: string; line?: unknown }) => {
        if (event.event !== "action_output") return;
        pid ||= Number(event.line);
        full = true;
      },
    };
    const run = runLoop({ definition: loop, store: faulty, bus, cwd: dir });
    await expect(run).rejects.toMatchObject({
      code: "LOOPS_STORE_WRITE",
      message: expect.stringContaining("ENOSPC"),
    });
    if (process.platform === "linux") expect(isAlive(pid)).toBe(false);

    full = false;
    writeFileSync(join(dir, "quiet"), "");
    const resumed = await resumeLoop({ run: "chatty", store: store(), cwd: dir });
    expect(resumed).toMatchObject({ status: "completed", iterations: 1 });
  });

  it("B-15: one process at a time carries a run out", async () => {
    const loop = parseLoop(`
name: held
initial: hold
states:
  hold: { action: "echo here; until [ -e go ]; do sleep 0.01; done", next: done }
  done: { terminal: true }
`).definition;
    let refused: unknown;
    const bus = {
      emit: (event: { event: string }) => {
        if (event.event !== "action_output") return;
        const second = resumeLoop({ run: "held", store: store(), cwd: dir });
        void second.catch((error: unknown) => {
          refused = error;
          writeFileSync(join(dir, "go"), "");
        });
      },
    };
    expect(await runLoop({ definition: loop, store: store(), bus, cwd: dir })).toMatchObject({ status: "completed" });
    expect(refused).toMatchObject({ code: "LOOPS_RUN_OWNED" });
  });

  it("a directory that cannot be made is one clear error, and no action runs", async () => {
    writeFileSync(join(dir, "file"), "");
    const nowhere = fileStore({ dir: join(dir, "file", ".loops") });
    const run = runLoop({ definition: mending, store: nowhere, cwd: dir });
    await expect(run).rejects.toMatchObject({ code: "LOOPS_STORE_WRITE" });
  });
});
