/** In how many runs at once a state is remembered; beyond that the one that was silent longest is forgotten. */
const maxRuns = 10_000;

/**
 * In which state each run is: an action, its output and its result do not say in which state they were. The engine
 * enters a state before it acts, also when a run is gone on with.
 */
export class RunStates {
  readonly #states = new Map<string, string>();

  /** The state of an event: its own, else that of its run. Pass every event, in order. */
  of(event: Readonly<Record<string, unknown>>, name: string, runId: string | null): string | null {
    const own = ownState(event, name);
    if (runId === null) return own;
    if (name === "loop_complete") {
      const last = this.#states.get(runId) ?? null;
      this.#states.delete(runId);
      return own ?? last;
    }
    if (own === null) return this.#states.get(runId) ?? null;
    if (this.#states.get(runId) !== own) this.#remember(runId, own);
    return own;
  }

  #remember(runId: string, state: string): void {
    this.#states.delete(runId);
    this.#states.set(runId, state);
    if (this.#states.size <= maxRuns) return;
    const [oldest] = this.#states.keys();
    if (oldest !== undefined) this.#states.delete(oldest);
  }
}

function ownState(event: Readonly<Record<string, unknown>>, name: string): string | null {
  const { state, from_state, final_state } = event;
  if (typeof state === "string") return state;
  if (name === "loop_complete" && typeof final_state === "string") return final_state;
  return name === "loop_resume" && typeof from_state === "string" ? from_state : null;
}
