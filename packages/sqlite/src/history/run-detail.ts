import type { LoopEvent } from "@loops/core";
import type { AnyKysely } from "../database/database-kind.js";
import { eventOf } from "./event-of.js";
import { checkedFilter, checkedLimit } from "./limits.js";
import { type RunSummary, summaryColumns } from "./runs.js";

export interface RunActionDetail {
  readonly action: string | null;
  readonly started_at: string;
  /** `null` while it runs, and where its result was never recorded. */
  ended_at: string | null;
  exit_code: number | null;
  duration_ms: number | null;
  /** The last lines that it printed. */
  readonly output: string[];
  /** How many lines before those are left out. */
  omitted_lines: number;
}

export interface RunStateDetail {
  readonly state: string;
  readonly iteration: number | null;
  readonly entered_at: string;
  readonly actions: RunActionDetail[];
  /** What the last action was judged to be. */
  verdict: string | null;
  /** The state that came next; `null` for the last one. */
  next_state: string | null;
}

/** A run, and each state that it entered, in order, with what was done there. */
export interface RunDetail extends RunSummary {
  readonly states: readonly RunStateDetail[];
}

export interface RunDetailOptions {
  /** Lines kept of the output of one action. @default 1000 */
  readonly maxLines?: number | undefined;
}

/** So many events are read at a time. */
const page = 1000;

export async function runDetail(db: AnyKysely, id: string, options?: RunDetailOptions): Promise<RunDetail | null> {
  const maxLines = checkedLimit(checkedFilter(options, ["maxLines"]).maxLines ?? 1000, "maxLines");
  const summary = await db.selectFrom("runs").select(summaryColumns).where("run_id", "=", id).executeTakeFirst();
  if (summary === undefined) return null;
  const states: RunStateDetail[] = [];
  for (let after = 0; ; ) {
    const select = db.selectFrom("events").select(["position", "json", "raw"]);
    const rows = await select
      .where("run_id", "=", id)
      .where("position", ">", after)
      .orderBy("position")
      .limit(page)
      .execute();
    for (const row of rows) addEvent(states, eventOf(row), maxLines);
    const last = rows.at(-1);
    if (last === undefined || rows.length < page) break;
    after = Number(last["position"]);
  }
  return { ...summary, states };
}

/** Adds to the states what an event tells. Events that have no place in one, because its entry is not there, add nothing. */
export function addEvent(states: RunStateDetail[], event: LoopEvent, maxLines: number): void {
  const current = states.at(-1);
  const action = current?.actions.at(-1);
  switch (event.event) {
    case "state_enter": {
      const fields = { state: String(event["state"]), iteration: numberOf(event["iteration"]), entered_at: event.ts };
      states.push({ ...fields, actions: [], verdict: null, next_state: null });
      break;
    }
    case "action_start": {
      const begun = { action: textOf(event["action"]), started_at: event.ts, ended_at: null };
      current?.actions.push({ ...begun, exit_code: null, duration_ms: null, output: [], omitted_lines: 0 });
      break;
    }
    case "action_output":
      if (action === undefined) break;
      action.output.push(String(event["line"]));
      if (action.output.length > maxLines) {
        action.output.shift();
        action.omitted_lines++;
      }
      break;
    case "action_complete":
      if (action === undefined) break;
      action.ended_at = event.ts;
      action.exit_code = numberOf(event["exit_code"]);
      action.duration_ms = numberOf(event["duration_ms"]);
      break;
    case "evaluate":
      if (current !== undefined) current.verdict = textOf(event["verdict"]);
      break;
    case "route":
      if (current !== undefined) current.next_state = textOf(event["to"]);
      break;
  }
}

const textOf = (value: unknown): string | null => (typeof value === "string" ? value : null);
const numberOf = (value: unknown): number | null => (typeof value === "number" ? value : null);
