import { isoNow, newEventId } from "@loops/core";
import { indexedText, wordsOf } from "../schema/indexed-text.js";
import { storedJson, storedText } from "./exact-json.js";
import { kindOfEvent } from "./kind-of.js";
import type { RunStates } from "./run-states.js";

/** An event as a row of `events`, and what the row of its run is made of. */
export interface EventRow {
  readonly id: string;
  readonly ts: string;
  readonly event: string;
  readonly loop: string | null;
  readonly run_id: string | null;
  readonly parent_run_id: string | null;
  readonly depth: number | null;
  readonly state: string | null;
  readonly verdict: string | null;
  readonly exit_code: number | null;
  readonly duration_ms: number | null;
  readonly kind: string | null;
  readonly json: string;
  readonly raw: string | null;
}

type Fields = Readonly<Record<string, unknown>>;

/** @param json the event as it was encoded; the event itself is not kept */
export function eventRow(event: Fields, json: string, states: RunStates): EventRow {
  const stored = storedJson(json);
  // Where the JSON has nothing that a column cannot have, no field has.
  const text = stored.raw === null ? asText : asStoredText;
  const name = text(event["event"]) ?? "";
  const runId = text(event["run_id"]);
  return {
    id: text(event["id"]) || newEventId(),
    ts: text(event["ts"]) || `${isoNow().slice(0, 19)}Z`,
    event: name,
    loop: text(event["loop"]) ?? text(event["loop_name"]),
    run_id: runId,
    parent_run_id: text(event["parent_run_id"]),
    depth: integer(event["depth"]),
    state: text(states.of(event, name, runId)),
    verdict: text(event["verdict"]),
    exit_code: integer(event["exit_code"]),
    duration_ms: number(event["duration_ms"]),
    kind: kindOfEvent(name),
    json: stored.json,
    raw: stored.raw,
  };
}

/** The columns of a row, in one order for all statements. */
export const eventColumns = [
  "id",
  "ts",
  "event",
  "loop",
  "run_id",
  "parent_run_id",
  "depth",
  "state",
  "verdict",
  "exit_code",
  "duration_ms",
  "kind",
  "json",
  "raw",
] as const satisfies readonly (keyof EventRow)[];

/** The words by which PostgreSQL finds a row. */
export function searchWords({ loop, state, json }: EventRow): string {
  return wordsOf(indexedText(loop, state, JSON.parse(json))).join(" ");
}

const asText = (value: unknown): string | null => (typeof value === "string" ? value : null);
const asStoredText = (value: unknown): string | null => (typeof value === "string" ? storedText(value) : null);
const number = (value: unknown): number | null => (Number.isFinite(value) ? (value as number) : null);

/** Within 32 bits, as the column is: what is beyond is in the JSON. */
const integer = (value: unknown): number | null =>
  Number.isInteger(value) && ((value as number) | 0) === value ? (value as number) : null;
