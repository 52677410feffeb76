import { isoNow, type LoopEvent, newEventId } from "@loops/core";
import { checkKnownOptions } from "@loops/core/names";
import { type MemoryLogTransport, memoryLogTransport } from "@loops/memory-log";

import { applyEvent } from "./model/apply-event.js";
import { applyFrame, frameEvent, type RunFrame, toFrame } from "./model/frame.js";
import { plainEvent } from "./model/plain-event.js";
import { newRun, type Run } from "./model/run.js";
import { boundsOf } from "./options.js";
import { RecentEventIds } from "./sources/recent-event-ids.js";

export interface LiveFeedOptions {
  /** Events kept for pages that open or come back. @default 10000 */
  readonly maxEntries?: number | undefined;
  /** Their memory, as `@loops/memory-log` counts it. @default 67108864 (64 MiB) */
  readonly maxBytes?: number | undefined;
  /** Runs that a snapshot tells of; those that ended longest ago go first. @default 200 */
  readonly maxRuns?: number | undefined;
}

/** One log out of all sources, each event once, and where each run stands at its head. */
export interface LiveFeed {
  readonly log: MemoryLogTransport;
  /** Where every known run stands, as frames with the log's head as `cursor`. */
  snapshot(): readonly RunFrame[];
  /** Where one run stands. */
  run(runId: string): Run | undefined;
  /** Adds an event. `false` if it was there, as far as the latest ones are remembered. Never throws. */
  hear(event: LoopEvent): boolean;
  /** Adds what is known of a run beside its events. What is known already changes nothing. */
  see(frame: RunFrame): void;
  /** A source has lost events, `null` where it cannot be known how many: told to the readers in their place. */
  miss(source: string, missed: number | null): void;
  /** Ends the log, and with it every tail. */
  close(): void;
}

const defaults = { maxEntries: 10_000, maxBytes: 67_108_864, maxRuns: 200 };

/**
 * What a live page shows: a memory log, filled from a store, from sockets or by the program itself
 * (`bus.on("*", feed.hear)`), and a snapshot that always fits its head.
 *
 * @throws LoopsError `LOOPS_CONFIG`
 */
export function liveFeed(options: LiveFeedOptions = {}): LiveFeed {
  checkKnownOptions("live", options, Object.keys(defaults));
  const { maxEntries, maxBytes, maxRuns } = boundsOf(options, defaults);
  // A run may be looked at for days: only the bounds in number and bytes hold.
  const log = memoryLogTransport({ maxEntries, maxBytes, ttlMs: Number.POSITIVE_INFINITY });
  const heard = new RecentEventIds(maxEntries * 2);
  const runs = new Map<string, Run>();
  let closed = false;

  const append = (event: LoopEvent) => {
    if (!closed) log.append(event);
  };
  const say = (event: string, fields: RunFrame) => append({ event, ts: isoNow(), id: newEventId(), ...fields });

  return {
    log,
    snapshot() {
      const { newest: cursor } = log.query({ limit: 0 });
      return [...runs.values()].map((run) => ({ event: frameEvent, ts: isoNow(), ...toFrame(run), cursor }));
    },
    run: (runId) => runs.get(runId),
    hear(given) {
      // Programs of another kind may send none: what has no id is never the same as another.
      const named = typeof given?.id === "string" ? given : { ...given, ts: given?.ts ?? isoNow(), id: newEventId() };
      const event = plainEvent(named);
      if (!heard.add(event.id)) return false;
      append(event);
      const { run_id: runId } = event;
      if (typeof runId === "string") {
        runs.set(runId, applyEvent(runs.get(runId) ?? newRun(runId), event, 1));
        forgetOldRuns(runs, maxRuns);
      }
      return true;
    },
    see(frame) {
      const { run_id: runId } = frame;
      if (typeof runId !== "string") return;
      const before = runs.get(runId);
      const after = applyFrame(before, frame);
      if (after === undefined || (before !== undefined && !differ(before, after))) return;
      runs.set(runId, after);
      forgetOldRuns(runs, maxRuns);
      const { event: _, ts: __, id: ___, cursor: ____, ...told } = frame;
      say(frameEvent, told);
    },
    miss: (source, missed) => say("live.gap", { source, missed }),
    close() {
      closed = true;
      log.close();
    },
  };
}

const told = ["loop", "parent_run_id", "status", "alive", "definition_hash", "started_at", "current_state"] as const;

function differ(before: Run, after: Run): boolean {
  return (
    told.some((name) => before[name] !== after[name]) || (before.definition === null) !== (after.definition === null)
  );
}

function forgetOldRuns(runs: Map<string, Run>, max: number): void {
  if (runs.size <= max) return;
  let oldest: Run | undefined;
  for (const run of runs.values()) {
    if (oldest === undefined || isLess(run, oldest)) oldest = run;
  }
  if (oldest !== undefined) runs.delete(oldest.run_id);
}

/** Of two runs the one that is sooner forgotten: what runs stays. */
function isLess(a: Run, b: Run): boolean {
  const [runsA, runsB] = [a.status === "running", b.status === "running"];
  return runsA === runsB ? (a.updated_at ?? "") < (b.updated_at ?? "") : runsB;
}
