import { clip } from "../src/model/clip.js";

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const counts = new Intl.NumberFormat("en-US");

export function formatCount(count: number): string {
  return counts.format(count);
}

/** `14:03:07`, in the reader's own time zone. */
export function formatClock(iso: string | null): string {
  const ms = iso === null ? Number.NaN : Date.parse(iso);
  return Number.isNaN(ms) ? "–" : clock.format(ms);
}

/** What comes behind {@link formatClock}: `.250`. */
export function formatMs(iso: string): string {
  const ms = Date.parse(iso);
  return Number.isNaN(ms) ? "" : `.${String(new Date(ms).getMilliseconds()).padStart(3, "0")}`;
}

/** `14:03`, or `3 Nov 14:03` where that was not today. */
export function formatStart(iso: string | null, now: number): string {
  const ms = iso === null ? Number.NaN : Date.parse(iso);
  if (Number.isNaN(ms)) return "–";
  const time = clock.format(ms).slice(0, 5);
  return new Date(ms).toDateString() === new Date(now).toDateString() ? time : `${day.format(ms)} ${time}`;
}

/** `87 ms`, `1.25 s`, `3 m 07 s`, `2 h 05 m`: three figures that count. */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms)) return "–";
  if (ms < 1) return "< 1 ms";
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 10) return `${seconds.toFixed(2)} s`;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.floor(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} m ${String(whole % 60).padStart(2, "0")} s`;
  return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, "0")} m`;
}

/** `12 events are missing here`. */
export function formatGap(missed: number | null): string {
  if (missed === null) return "Events may be missing here; nobody knows how many";
  return missed === 1 ? "1 event is missing here" : `${formatCount(missed)} events are missing here`;
}

/** Statuses as words. */
export function formatStatus(status: string): string {
  return status.replaceAll("_", " ");
}

/** Letters of a line: no window shows more of them. */
export const lineLetters = 300;

const summaries = new WeakMap<object, string>();

/** The one or two fields of an event that say most, for a line of the stream. Remembered: an event may be large. */
export function summarize(event: Readonly<Record<string, unknown>>): string {
  let summary = summaries.get(event);
  if (summary === undefined) {
    summary = clip(summaryOf(event), lineLetters);
    summaries.set(event, summary);
  }
  return summary;
}

function summaryOf(event: Readonly<Record<string, unknown>>): string {
  const text = (name: string) => {
    const value = event[name] ?? "";
    return typeof value === "object" ? JSON.stringify(value) : String(value);
  };
  switch (event["event"]) {
    case "state_enter":
      return `${text("state")}  #${text("iteration")}${event["attempt"] === undefined ? "" : ` attempt ${text("attempt")}`}`;
    case "action_start":
      return text("action");
    case "action_output":
      return text("line");
    case "action_complete":
      return `exit ${text("exit_code")}  ${formatDuration(Number(event["duration_ms"]) || 0)}`;
    case "evaluate":
      return `${text("verdict")}  ${text("type")}`;
    case "route":
      return `${text("from")} → ${text("to")}`;
    case "loop_complete":
      return `${text("final_state")}  ${text("terminated_by")} after ${text("iterations")}`;
    case "loop_resume":
      return `from ${text("from_state")}  #${text("iteration")}`;
    case "loop_start":
      return text("loop");
    default:
      return JSON.stringify(event, (key, value) => (key === "" || !hidden.has(key) ? value : undefined)).slice(1, -1);
  }
}

/** What every event has, or the line tells in another place. */
const hidden: ReadonlySet<string> = new Set(["event", "ts", "id", "run_id", "loop", "depth", "parent_run_id"]);

/** Which colour a verdict has: a meaning, not a taste. */
export function verdictTone(verdict: string | null): "yes" | "no" | "error" | "other" {
  if (verdict === null) return "other";
  if (verdict === "yes" || verdict === "success") return "yes";
  if (verdict === "no" || verdict === "failure") return "no";
  return verdict.includes("error") || verdict === "blocked" ? "error" : "other";
}

/** The same for the status of a run. */
export function statusTone(status: string): "running" | "done" | "failed" | "waiting" {
  if (status === "running") return "running";
  if (status === "completed") return "done";
  return status === "failed" || status === "timed_out" || status === "killed" ? "failed" : "waiting";
}
