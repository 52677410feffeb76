import { isLoopsError, type LoopEvent, type StateDelta, type StoredRun } from "@loops/core";
import { notACommit, stateCorrupt } from "./store-errors.js";

/** The state after a delta; the given one is left as it is. A field that is `undefined` in a delta is not in it. */
export function applyDelta(state: StoredRun, { set, captured }: StateDelta): StoredRun {
  const next: Record<string, unknown> = { ...state };
  for (const name in set) if (set[name] !== undefined) next[name] = set[name];
  if (captured !== undefined) next["captured"] = { ...(next["captured"] as object | undefined), ...captured };
  return next as StoredRun;
}

/** A commit as JSON texts. */
export interface EncodedCommit {
  readonly events: readonly string[];
  readonly delta: string;
}

/** @throws LoopsError `LOOPS_COMMIT` without events, with a reserved field, or with what JSON cannot carry */
export function encodeCommit(runId: string, events: readonly LoopEvent[], delta: StateDelta): EncodedCommit {
  if (events.length === 0) throw notACommit(runId, "a commit needs an event: nothing changes without one.");
  for (const event of events) {
    if ("seq" in event || "commit" in event) {
      throw notACommit(runId, `event "${event.event}" has a field "seq" or "commit": those names are the store's.`);
    }
  }
  return { events: events.map((event) => stringify(runId, event)), delta: stringify(runId, delta) };
}

/** @throws LoopsError `LOOPS_COMMIT` */
export function stringify(runId: string, value: object): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    throw notACommit(runId, "JSON cannot carry what was committed.", error);
  }
}

/** What is on record of a run's state. */
export interface StoredState {
  readonly run_id: string;
  /** Of the last commit. */
  readonly seq: number;
  /** Of the whole state; `null` where there is none. */
  readonly state_seq: number | null;
  readonly state: string | null;
  /** `[seq, delta]` for each later commit, behind commas, in any order; `null` where there is none. */
  readonly deltas: string | null;
}

/** @throws LoopsError `LOOPS_STATE_CORRUPT` */
export function decodeState({ run_id, seq, state_seq, state, deltas }: StoredState): StoredRun {
  if (state === null || state_seq === null) throw stateCorrupt(run_id, "its state is missing");
  let decoded = parseRun(run_id, state);
  const later = parseDeltas(run_id, deltas);
  const last = later.at(-1)?.[0] ?? state_seq;
  if (last !== seq) throw stateCorrupt(run_id, `its events end at ${last}, and the last commit at ${seq}`);
  for (const [, delta] of later) decoded = applyDelta(decoded, delta);
  return requireRun(run_id, decoded);
}

/** @throws LoopsError `LOOPS_STATE_CORRUPT` */
export function decodeEvent(runId: string, text: string): LoopEvent {
  return parse(runId, text, "an event") as LoopEvent;
}

/** Returns `error` where it says that a run is corrupt, and throws it where it is another one. */
export function corruptError(error: unknown): Error {
  if (isLoopsError(error, "LOOPS_STATE_CORRUPT")) return error;
  throw error;
}

function parseRun(runId: string, text: string): StoredRun {
  return requireRun(runId, parse(runId, text, "its state"));
}

/** What every store has to know of a state, before and after its changes: others may have written to the tables. */
function requireRun(runId: string, state: Readonly<Record<string, unknown>>): StoredRun {
  if (state["run_id"] !== runId) throw stateCorrupt(runId, `its state is that of run ${String(state["run_id"])}`);
  for (const name of ["loop_name", "status", "started_at"]) {
    if (typeof state[name] !== "string") throw stateCorrupt(runId, `${name} in its state is no text`);
  }
  return state as StoredRun;
}

function parseDeltas(runId: string, text: string | null): readonly (readonly [number, StateDelta])[] {
  if (text === null) return [];
  const what = "what its commits changed";
  const deltas = parse(runId, `[${text}]`, what) as unknown as [number, StateDelta][];
  if (!deltas.every(isNumberedDelta)) throw stateCorrupt(runId, `${what} is no change of a state`);
  return deltas.sort(([a], [b]) => a - b);
}

function parse(runId: string, text: string, what: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw stateCorrupt(runId, `${what} is no JSON`, error);
  }
  if (typeof value === "object" && value !== null) return value as Readonly<Record<string, unknown>>;
  throw stateCorrupt(runId, `${what} is no JSON object`);
}

function isNumberedDelta(numbered: readonly [unknown, StateDelta | undefined]): boolean {
  if (!Array.isArray(numbered)) return false;
  const [seq, delta] = numbered;
  const parts = [delta?.set ?? {}, delta?.captured ?? {}];
  return typeof seq === "number" && isRecord(delta) && parts.every(isRecord);
}

const isRecord = (value: unknown): boolean => typeof value === "object" && value !== null && !Array.isArray(value);

/** @throws LoopsError `LOOPS_COMMIT` for a state that JSON cannot carry */
export function encodable(runId: string, state: StoredRun): void {
  stringify(runId, state);
}
