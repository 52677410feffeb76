/** What the page needs of a definition; every other field of it comes along. */
export interface LoopShape {
  readonly name?: string;
  readonly initial: string;
  readonly states: Readonly<Record<string, StateShape>>;
  readonly max_iterations?: number;
  readonly maintain?: boolean;
}

/** One state of a {@link LoopShape}, as `@loops/fsm` defines it. */
export interface StateShape {
  readonly action?: string;
  readonly action_type?: string;
  readonly loop?: string;
  readonly terminal?: boolean;
  readonly next?: string;
  readonly route?: Readonly<Record<string, string>>;
  readonly on_yes?: string;
  readonly on_no?: string;
  readonly on_error?: string;
  readonly on_partial?: string;
  readonly on_blocked?: string;
  readonly on_verdict?: Readonly<Record<string, string>>;
  readonly on_retry_exhausted?: string;
  readonly on_maintain?: string;
}

/** One entry of a state, from `state_enter` to the way out. Times are ISO 8601. */
export interface Visit {
  /** Counts the visits of its run from 0. */
  readonly key: number;
  readonly state: string;
  readonly iteration: number;
  readonly attempt: number;
  readonly entered_at: string;
  readonly left_at: string | null;
  /** The command, prompt or tool, as it was run. */
  readonly action: string | null;
  readonly action_at: string | null;
  readonly duration_ms: number | null;
  readonly exit_code: number | null;
  /** The end of what it printed. */
  readonly output: string | null;
  readonly verdict: string | null;
  /** Where it led. */
  readonly to: string | null;
  /** What was unusual: `in doubt`, `retries used up`, `handed over`, … */
  readonly notes: readonly string[];
}

export type RunPhase = "ready" | "acting" | "acted" | "ended";

/** A run as far as its events and its frames tell. Plain data. */
export interface Run {
  readonly run_id: string;
  readonly loop: string;
  readonly parent_run_id: string | null;
  readonly depth: number;
  /** `running`, `completed`, `failed`, `interrupted`, `awaiting_continuation`, `timed_out`. */
  readonly status: string;
  /** Whether a process carries it out; `null`: nobody said. */
  readonly alive: boolean | null;
  readonly phase: RunPhase;
  readonly current_state: string | null;
  readonly iteration: number;
  readonly started_at: string | null;
  readonly updated_at: string | null;
  readonly terminated_by: string | null;
  readonly error: string | null;
  readonly definition: LoopShape | null;
  readonly definition_hash: string | null;
  /** How often each way was taken, by `from->to`. */
  readonly edges: Readonly<Record<string, number>>;
  /** How often each state was entered. */
  readonly visits: Readonly<Record<string, number>>;
  readonly verdicts: Readonly<Record<string, number>>;
  /** The way taken last, as `from->to`. */
  readonly last_edge: string | null;
  /** The latest visits, oldest first. */
  readonly timeline: readonly Visit[];
  /** How many visits there were in all. */
  readonly visit_count: number;
}

export function newRun(run_id: string): Run {
  return {
    run_id,
    loop: "",
    parent_run_id: null,
    depth: 0,
    status: "running",
    alive: null,
    phase: "ready",
    current_state: null,
    iteration: 0,
    started_at: null,
    updated_at: null,
    terminated_by: null,
    error: null,
    definition: null,
    definition_hash: null,
    edges: {},
    visits: {},
    verdicts: {},
    last_edge: null,
    timeline: [],
    visit_count: 0,
  };
}

/** What a person is told: a run whose process has died still says `running`. */
export function shownStatus({ status, alive }: Pick<Run, "status" | "alive">): string {
  return status === "running" && alive === false ? "killed" : status;
}

export function edgeKey(from: string, to: string): string {
  return `${from}->${to}`;
}
