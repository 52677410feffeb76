import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LoopEvent, RunLease, StateStore } from "@loops/core";
import { onTestFinished } from "vitest";
import type { RunState } from "../../src/run-state.js";
import { type FileStoreOptions, fileStore } from "../../src/store/file-store.js";
import type { StoreWarning } from "../../src/store/store-context.js";

/** A loops directory of this test alone. */
export function scratch(): string {
  const directory = mkdtempSync(join(tmpdir(), "fsm-store-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return join(directory, ".loops");
}

/** A file store in a directory of its own, with what it warned of. Its leases are released after the test. */
export function newStore(options: FileStoreOptions = {}) {
  const dir = options.dir ?? scratch();
  const warnings: StoreWarning[] = [];
  const store = fileStore({ onWarning: (warning) => warnings.push(warning), ...options, dir });
  const running = (name: string): string => join(dir, ".running", name);
  const archived = (...names: readonly string[]): string => join(dir, ".history", ...names);
  return { dir, store: releasing(store), warnings, running, archived };
}

/** The same store, whose leases are released when the test has finished. */
function releasing(store: StateStore<RunState>) {
  const keep = (lease: RunLease<RunState>): RunLease<RunState> => {
    onTestFinished(async () => lease.release());
    return lease;
  };
  return {
    ...store,
    create: async (...parameters: Parameters<typeof store.create>) => keep(await store.create(...parameters)),
    acquire: async (runId: string) => keep(await store.acquire(runId)),
  };
}

let counter = 0;

/** A new id that sorts behind the ones before it, in the form of those the engine makes. */
export function newRunId(): string {
  counter += 1;
  return `01J${String(counter).padStart(23, "0")}`;
}

/** The state of a new run, with everything that a test does not care about. */
export function newState(over: Partial<RunState> = {}): RunState {
  const name = over.loop_name ?? "fix-types";
  return {
    run_id: newRunId(),
    loop_name: name,
    current_state: "check",
    iteration: 0,
    captured: {},
    prev_result: null,
    last_result: null,
    started_at: "2026-01-15T10:30:00.123Z",
    status: "running",
    accumulated_ms: 0,
    retry_counts: {},
    phase: "ready",
    attempt: 1,
    previous_state: null,
    pending_action: null,
    pending_result: null,
    segment_started_at: "2026-01-15T10:30:00.123Z",
    terminated_by: null,
    error: null,
    parent_run_id: null,
    depth: 0,
    context: {},
    definition: {
      name,
      initial: "check",
      states: { check: { action: "true", next: "done" }, done: { terminal: true } },
      context: {},
      max_iterations: 50,
      input_key: "input",
    },
    definition_hash: "sha256:0",
    ...over,
  };
}

let eventCounter = 0;

export function newEvent(event: string, fields: Readonly<Record<string, unknown>> = {}): LoopEvent {
  eventCounter += 1;
  return { event, ts: "2026-01-15T10:30:00.123Z", id: `test-${eventCounter}`, ...fields };
}

/** Every file below a directory with its content: to show that nothing was touched. */
export function contentOf(directory: string): Readonly<Record<string, string>> {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [path.slice(directory.length + 1), readFileSync(path, "latin1")];
    }),
  );
}

export function readJson(path: string): Record<string, unknown> {
  return JSON.parse(readFileSync(path, "utf8"));
}

export function readLines(path: string): readonly Record<string, unknown>[] {
  return readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
}

/** The identity of a process that is no more. */
export const deadOwner = { pid: 2 ** 22 - 3, start_time: "1", boot_id: null, host: "" };
