import type { LoopEvent, RunLease, StateDelta, StateStore } from "@loops/core";
import type { ActionOutcome, ActionRequest, ActionRunner } from "../../src/actions/runner.js";
import type { EventSink } from "../../src/engine/event-sink.js";
import type { ActionResult, ProcessIdentity, RunState } from "../../src/run-state.js";

/** A bus that keeps what it is given. */
export interface Recorder extends EventSink {
  readonly events: LoopEvent[];
  readonly names: () => string[];
  readonly named: (name: string) => LoopEvent[];
}

export function recorder(flush?: EventSink["flush"]): Recorder {
  const events: LoopEvent[] = [];
  return {
    events,
    names: () => events.map((event) => event.event),
    named: (name) => events.filter((event) => event.event === name),
    emit: (event) => void events.push(event),
    ...(flush === undefined ? {} : { flush }),
  };
}

export interface FakeRunner extends ActionRunner {
  /** Idempotency keys of the actions that were started, in order. */
  readonly started: string[];
  readonly requests: ActionRequest[];
  readonly abandoned: string[];
  readonly orphans: ProcessIdentity[];
}

type Answer = Partial<ActionResult> | ActionOutcome | number;

const fakeProcess: ProcessIdentity = { pid: 4711, start_time: "1", boot_id: "boot" };

/** A runner without processes: `act` says what became of each action. */
export function fakeRunner(act: (request: ActionRequest) => Answer | Promise<Answer> = () => 0): FakeRunner {
  const runner: FakeRunner = {
    started: [],
    requests: [],
    abandoned: [],
    orphans: [],
    prepare: async (request) => {
      const key = request.env["LOOPS_IDEMPOTENCY_KEY"] ?? "";
      runner.requests.push(request);
      return {
        process: fakeProcess,
        start: async () => {
          runner.started.push(key);
          return outcomeOf(await act(request));
        },
        abandon: () => void runner.abandoned.push(key),
      };
    },
    endOrphan: async (process) => {
      runner.orphans.push(process);
      return true;
    },
  };
  return runner;
}

function outcomeOf(answer: Answer): ActionOutcome {
  if (typeof answer === "object" && "kind" in answer) return answer;
  const result = { output: "", stderr: "", exit_code: 0, duration_ms: 1 };
  return { kind: "completed", result: { ...result, ...(typeof answer === "number" ? { exit_code: answer } : answer) } };
}

export interface Commit {
  readonly events: readonly LoopEvent[];
  readonly delta: StateDelta;
}

export interface TappedStore extends StateStore<RunState> {
  readonly commits: Commit[];
  readonly leases: RunLease<RunState>[];
}

/** A store that tells of each commit before it is made; a promise that `before` returns holds the commit up. */
export function tapped(
  store: StateStore<RunState>,
  before: (commit: Commit, count: number) => void | Promise<void> = () => undefined,
): TappedStore {
  const commits: Commit[] = [];
  const leases: RunLease<RunState>[] = [];
  const tap = (lease: RunLease<RunState>): RunLease<RunState> => {
    leases.push(lease);
    const commit = (events: readonly LoopEvent[], delta: StateDelta) => {
      const held = before({ events, delta }, commits.length + 1);
      const write = () => {
        commits.push({ events, delta });
        return lease.commit(events, delta);
      };
      return held === undefined ? write() : held.then(write);
    };
    return new Proxy(lease, {
      get(target, name) {
        if (name === "commit") return commit;
        const value: unknown = Reflect.get(target, name);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  };
  return {
    commits,
    leases,
    create: async (state, options) => tap(await store.create(state, options)),
    acquire: async (runId) => tap(await store.acquire(runId)),
    find: (name) => store.find(name),
    isOwned: (runId) => store.isOwned(runId),
    list: () => store.list(),
    history: (loop) => store.history(loop),
    readEvents: (loop, runId, after) => store.readEvents(loop, runId, after),
    requestStop: (runId) => store.requestStop(runId),
    archive: (runId, options) => store.archive(runId, options),
  };
}

/** A promise that is settled from outside. */
export function signal<T = void>(): { readonly reached: Promise<T>; readonly reach: (value: T) => void } {
  let reach: (value: T) => void = () => undefined;
  const reached = new Promise<T>((resolve) => {
    reach = resolve;
  });
  return { reached, reach };
}

/** Never settles: where a killed engine stands. */
export const forever = new Promise<never>(() => undefined);
