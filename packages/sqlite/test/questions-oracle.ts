import type { LoopEvent } from "@loops/core";
import * as fc from "fast-check";

/**
 * Plain answers to the questions of a history, from a list of events. Written without looking at the SQL: lists,
 * filters and sorts.
 */
export class Oracle {
  readonly events: readonly LoopEvent[];
  /** In which state the run of each event was, by its place in `events`. */
  readonly #states: readonly (string | null)[];

  constructor(emitted: readonly LoopEvent[]) {
    const ids = new Set<string>();
    this.events = emitted.filter(({ id }) => !ids.has(id) && ids.add(id));
    const current = new Map<unknown, string>();
    // Each emit is heard, also one with an id that is there already.
    const heard = emitted.map((event) => {
      const own = event["state"] ?? (event.event === "loop_complete" ? event["final_state"] : undefined);
      if (typeof own === "string") current.set(event["run_id"], own);
      const state = current.get(event["run_id"]) ?? null;
      if (event.event === "loop_complete") current.delete(event["run_id"]);
      return [event, state] as const;
    });
    this.#states = this.events.map((event) => heard.find(([one]) => one === event)?.[1] ?? null);
  }

  stateOf(event: LoopEvent): string | null {
    return this.#states[this.events.indexOf(event)] ?? null;
  }

  recent(kind: string, limit: number): string[] {
    const newest = this.events.filter(({ event }) => kindOf(event) === kind).toReversed();
    return (limit < 0 ? newest : newest.slice(0, limit)).map(({ id }) => id);
  }

  /** Ids of the events that have each word, or the parts of it next to each other. */
  search(query: string): string[] {
    const has = (text: readonly string[], parts: readonly string[]) =>
      text.some((_, at) => parts.every((part, index) => text[at + index] === part));
    const wanted = query.split(/\s+/).map(parts);
    return this.events
      .filter((event) => {
        const text = parts([event["loop"], this.stateOf(event), event.event, ...textsOf(event)].join(" "));
        return wanted.every((one) => has(text, one));
      })
      .map(({ id }) => id);
  }

  filter(keep: (event: LoopEvent, state: string | null) => boolean): string[] {
    const kept = this.events.filter((event) => keep(event, this.stateOf(event)));
    return kept.toReversed().map(({ id }) => id);
  }

  /** Runs in which something failed, anywhere or in a state. */
  failedRuns(state?: string): Set<unknown> {
    const bad = this.events.filter(
      (event) =>
        event.event === "action_complete" &&
        event["exit_code"] !== 0 &&
        (state === undefined || this.stateOf(event) === state),
    );
    const ended = this.runs().filter(
      (run) => run.status === "failed" && (state === undefined || run.last_state === state),
    );
    return new Set([...bad.map((event) => event["run_id"]), ...ended.map(({ run_id }) => run_id)]);
  }

  runs() {
    const ids = [...new Set(this.events.map((event) => event["run_id"]))];
    const runs = ids.map((id) => {
      const own = this.events.filter((event) => event["run_id"] === id).sort((a, b) => (a.ts < b.ts ? -1 : 1));
      const told = own.filter(({ event }) => event === "loop_resume" || event === "loop_complete").at(-1);
      const ended = told?.event === "loop_complete" ? told : undefined;
      const counts = own.flatMap((event) => [event["iterations"] ?? event["iteration"] ?? []].flat()) as number[];
      const error = ended?.["error"] as { type: string; message: string } | undefined;
      return {
        run_id: String(id),
        loop: own[0]?.["loop"],
        status: ended === undefined ? "running" : ended["terminated_by"] === "error" ? "failed" : "completed",
        iterations: counts.length === 0 ? null : Math.max(...counts),
        last_state: own.map((event) => this.stateOf(event)).findLast((state) => state !== null) ?? null,
        started_at: own[0]?.ts ?? "",
        ended_at: ended?.ts ?? null,
        error: error === undefined ? null : `${error.type}: ${error.message}`,
        updated_at: own.at(-1)?.ts,
      };
    });
    return runs.sort((a, b) => (a.started_at < b.started_at ? 1 : -1));
  }

  stats() {
    const groups = new Map<string, LoopEvent[]>();
    for (const event of this.events.filter((one) => one.event === "action_complete")) {
      const key = JSON.stringify([event["loop"], this.stateOf(event)]);
      groups.set(key, [...(groups.get(key) ?? []), event]);
    }
    return [...groups].map(([key, group]) => {
      const [loop, state] = JSON.parse(key);
      const times = group.map((event) => Number(event["duration_ms"])).sort((a, b) => a - b);
      const failures = group.filter((event) => event["exit_code"] !== 0).length;
      const at = (share: number) => times[Math.ceil(times.length * share) - 1];
      const rates = { failures, failure_rate: failures / group.length, p50_ms: at(0.5), p95_ms: at(0.95) };
      return { loop, state, count: group.length, ...rates };
    });
  }
}

const kindOf = (event: string) =>
  event.startsWith("issue.") ? "issue" : /^(loop_|state_enter|route)/.test(event) ? "loop" : undefined;

const parts = (text: string) => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];

function textsOf(event: LoopEvent): unknown[] {
  const error = event["error"] as { type: string; message: string } | undefined;
  return [
    event["line"],
    event["from"],
    event["to"],
    event["issue_id"],
    event["terminated_by"],
    error?.type,
    error?.message,
  ];
}

const scripts = ["größe", "日本", "がエラー", "한국어", "हिन्दी", "พื้นที่", "Việt"];
export const vocabulary = ["fix-types", "error", "src/app.ts:12", "TS2345", "ok", "retry", ...scripts];
const words = fc.array(fc.constantFrom(...vocabulary), { maxLength: 4 }).map((list) => list.join(" "));
const runIds = ["run-a", "run-b", "run-c"];

const shapes = fc.oneof(
  fc.record({ event: fc.constantFrom("loop_start", "loop_resume") }),
  fc.record({ event: fc.constant("state_enter"), state: fc.constantFrom("check", "fix"), iteration: fc.nat(9) }),
  fc.record({ event: fc.constant("action_output"), line: words }),
  fc.record({ event: fc.constant("action_complete"), exit_code: fc.constantFrom(0, 0, 1), duration_ms: fc.nat(5000) }),
  fc.record({ event: fc.constant("route"), from: fc.constant("check"), to: fc.constant("fix") }),
  fc.record({ event: fc.constant("issue.closed"), issue_id: fc.constantFrom("B-1", "B-2") }),
  fc.oneof(
    fc.record({ event: fc.constant("loop_complete"), terminated_by: fc.constant("terminal"), iterations: fc.nat(9) }),
    fc.record({
      event: fc.constant("loop_complete"),
      terminated_by: fc.constant("error"),
      error: fc.record({ type: fc.constant("LOOPS_X"), message: words }),
    }),
  ),
);

/** Events of three runs of two loops, some of them emitted twice. */
export const emittedEvents = fc
  .array(fc.record({ shape: shapes, run: fc.nat(2), again: fc.nat(9) }), { minLength: 1, maxLength: 60 })
  .map((drafts) => {
    const emitted: LoopEvent[] = [];
    for (const [n, { shape, run, again }] of drafts.entries()) {
      const ts = new Date(Date.UTC(2026, 0, 1) + n * 60_000).toISOString();
      const fields = { run_id: runIds[run], loop: run === 0 ? "fix-types" : "review" };
      emitted.push({ ...shape, ts, id: `id-${n}`, ...fields } as LoopEvent);
      const earlier = emitted[again];
      if (again < 2 && earlier !== undefined) emitted.push(earlier);
    }
    return emitted;
  });
