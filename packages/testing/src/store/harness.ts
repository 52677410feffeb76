import { isDeepStrictEqual } from "node:util";
import type { LoopEvent, OwnerIdentity, RunLease, StateStore, StoredRun } from "@loops/core";
import { demand, NotTried, show } from "../conformance/violation.js";
import type { Random } from "../random.js";
import { partOf, type StoreNeed } from "./needs.js";
import type { StoreCapabilities, StoreSubject } from "./options.js";

export interface StoreHarnessOptions {
  readonly capabilities: StoreCapabilities;
  readonly patienceMs: number;
  readonly random: Random;
}

/** A run that a check has begun. */
export interface StartedRun {
  readonly id: string;
  /** As it was created. */
  readonly state: StoredRun;
  readonly lease: RunLease;
}

type Fields = Readonly<Record<string, unknown>>;

/** The identity of a process that is no more, on this machine. */
export const DEAD_PID = 2 ** 22 - 3;

/** What a check works with: one store without a run. */
export class StoreHarness implements StoreHarnessOptions {
  readonly subject: StoreSubject;
  readonly capabilities: StoreCapabilities;
  readonly patienceMs: number;
  readonly random: Random;
  readonly #leases: RunLease[] = [];
  #runs = 0;
  #events = 0;

  constructor(subject: StoreSubject, { capabilities, patienceMs, random }: StoreHarnessOptions) {
    this.subject = subject;
    this.capabilities = capabilities;
    this.patienceMs = patienceMs;
    this.random = random;
  }

  get store(): StateStore {
    return this.subject.store;
  }

  /** The part of the subject that a declared capability stands for. @throws NotTried where it is not there */
  part<N extends StoreNeed>(need: N): NonNullable<StoreSubject[(typeof partOf)[N]]> {
    const name = partOf[need];
    const part = this.subject[name];
    if (part === undefined)
      throw new NotTried(`create() returns ${name} beside the capability ${need}`, "it is not there");
    return part as NonNullable<StoreSubject[(typeof partOf)[N]]>;
  }

  /** Another store on the same runs. */
  async reopen(): Promise<StateStore> {
    this.part("shared");
    return (await this.subject.reopen?.()) as StateStore;
  }

  /** Writes on record that a run's owner is that one. */
  async setOwner(runId: string, owner: OwnerIdentity): Promise<void> {
    this.part("owners");
    await this.subject.setOwner?.(runId, owner);
  }

  /** Ends the lease of a run's owner. */
  async expire(runId: string): Promise<void> {
    this.part("leases");
    await this.subject.expire?.(runId);
  }

  /** The state of a new run, as an engine would give it: with fields that no store knows. */
  newRun(fields: Fields = {}): StoredRun {
    this.#runs += 1;
    return {
      run_id: `01KIT${String(this.#runs).padStart(21, "0")}`,
      loop_name: "fix-types",
      status: "running",
      started_at: new Date(Date.UTC(2026, 0, 15, 10, 30, this.#runs)).toISOString(),
      parent_run_id: null,
      current_state: "check",
      iteration: 0,
      captured: {},
      ...fields,
    };
  }

  newEvent(event = "state_enter", fields: Fields = {}): LoopEvent {
    this.#events += 1;
    return { event, ts: "2026-01-15T10:30:00.123Z", id: `kit-${this.#events}`, ...fields };
  }

  /** A run with its first commit, held. */
  async start(fields: Fields = {}, { clearPrevious = false } = {}): Promise<StartedRun> {
    const state = this.newRun(fields);
    const lease = this.keep(await this.store.create(state, { clearPrevious }));
    await lease.commit([this.newEvent("loop_start")], {});
    return { id: state.run_id, state, lease };
  }

  /** A run that has ended, given up. */
  async end(fields: Fields = {}, options: { clearPrevious?: boolean } = {}): Promise<StartedRun> {
    const run = await this.start(fields, options);
    await run.lease.commit([this.newEvent("loop_complete")], { set: { status: "completed" } });
    await run.lease.release();
    return run;
  }

  /** Takes a run over. */
  async acquire(runId: string, store: StateStore = this.store): Promise<RunLease> {
    return this.keep(await store.acquire(runId));
  }

  /** Has a lease released when the check is over. */
  keep(lease: RunLease): RunLease {
    this.#leases.push(lease);
    return lease;
  }

  /** Gives up what checks have left; what a broken store says to that is of no interest any more. */
  async releaseAll(): Promise<void> {
    for (const lease of this.#leases) {
      try {
        await lease.release();
      } catch {
        // The check that is about releasing has seen it.
      }
    }
  }

  /** The code of the error that a call ends with, "no error", or what else was thrown. Whether it throws or rejects is the same. */
  async codeOf(call: () => unknown): Promise<string> {
    try {
      await call();
      return "no error";
    } catch (error) {
      const { code } = (error ?? {}) as { code?: unknown };
      return typeof code === "string" ? code : `an error without a code: ${show(error)}`;
    }
  }

  /** Requires that a call is refused with that code. */
  async requireRefused(what: string, code: string, call: () => unknown, mend?: string): Promise<void> {
    const seen = await this.codeOf(call);
    demand(seen === code, `${what} is refused with ${code}`, () => `it ended with ${seen}`, { mend });
  }

  /** Requires that `state` has `expected`; it may have more. */
  requireState(what: string, state: StoredRun | null, expected: Fields, mend?: string): void {
    for (const [name, value] of Object.entries(expected)) {
      const actual = state?.[name];
      const is = () => (state === null ? "there is no such run" : `${name} is ${show(actual)}`);
      demand(isDeepStrictEqual(actual, value), `${what} has ${name}: ${show(value)}`, is, { mend });
    }
  }

  /** Requires that those are the events, all of them and in order. */
  requireEvents(what: string, actual: readonly LoopEvent[], expected: readonly LoopEvent[], mend?: string): void {
    const names = (events: readonly LoopEvent[]) =>
      events.map(({ id, event }) => `${id} (${event})`).join(", ") || "none";
    const same = names(actual) === names(expected);
    demand(same, `${what}: ${names(expected)}`, () => names(actual), { mend });
    for (const [index, event] of expected.entries()) {
      const is = actual[index];
      demand(isDeepStrictEqual(is, event), `${what}, as they were committed: ${show(event)}`, () => show(is), { mend });
    }
  }

  /** The ids of runs, sorted. */
  idsOf(runs: readonly StoredRun[]): string {
    return runs
      .map((run) => run.run_id)
      .sort()
      .join(", ");
  }
}
