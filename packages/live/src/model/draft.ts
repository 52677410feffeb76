import type { LoopEvent } from "@loops/core";
import { applyEvent } from "./apply-event.js";
import { sizeOf } from "./event-size.js";
import { numberOf, textOf } from "./fields.js";
import { applyFrame, frameEvent, type RunFrame } from "./frame.js";
import type { LiveModel, ModelItem, Row } from "./model.js";
import { plainEvent } from "./plain-event.js";
import { addIds, hasId } from "./recent-ids.js";
import type { Run } from "./run.js";

/** About that of its objects. */
const gapSize = 100;

type Snapshot = Extract<ModelItem, { type: "snapshot" }>;
type Changing<T> = { -readonly [Name in keyof T]: T[Name] };

/** As many as a log keeps by default, twice over: who comes back is sent no more than that again. */
const rememberedIds = 20_000;

/** A model while it takes in one batch of items: copied once, changed in place, handed out when it is done. */
export class Draft {
  readonly #before: LiveModel;
  readonly #model: Changing<LiveModel>;
  readonly #runs: Map<string, Run>;
  readonly #rows: Row[];
  readonly #added = new Set<string>();

  constructor(before: LiveModel) {
    this.#before = before;
    this.#runs = new Map(before.runs);
    this.#rows = [...before.rows];
    this.#model = { ...before };
  }

  take(item: ModelItem): void {
    switch (item.type) {
      case "event":
        this.#takeEvent(item.event);
        break;
      case "gap":
        this.#takeGap(item.missed, null);
        break;
      case "snapshot":
        this.#takeSnapshot(item);
    }
    if (item.type !== "snapshot" && item.cursor !== null) this.#model.position = item.cursor;
    this.#settle();
  }

  finish(): LiveModel {
    const { bounds, ids } = this.#before;
    dropOldRuns(this.#runs, bounds.maxRuns);
    return {
      ...this.#model,
      runs: this.#runs,
      ...this.#latestRows(),
      ids: addIds(ids, this.#added, rememberedIds),
    };
  }

  /** As many as the bounds allow, and always the last. */
  #latestRows(): Pick<LiveModel, "rows" | "rowBytes"> {
    const { maxRows, maxRowBytes } = this.#model.bounds;
    const rows = this.#rows;
    let { rowBytes } = this.#model;
    let first = 0;
    while (rows.length - first > maxRows || (rowBytes > maxRowBytes && rows.length - first > 1)) {
      rowBytes -= rows[first++]?.size ?? 0;
    }
    return { rows: first === 0 ? rows : rows.slice(first), rowBytes };
  }

  #addRow(row: Row): void {
    this.#rows.push(row);
    this.#model.rowBytes += row.size;
  }

  #takeEvent(given: LoopEvent): void {
    const event = plainEvent(given);
    if (this.#added.has(event.id) || hasId(this.#before.ids, event.id)) {
      this.#seenAgain(event.id);
      return;
    }
    this.#added.add(event.id);
    if (event.event === frameEvent) this.#setFrame(event);
    else if (event.event === "live.gap") this.#takeGap(numberOf(event, "missed"), textOf(event, "source"));
    else this.#show(event);
  }

  #show(event: LoopEvent): void {
    const model = this.#model;
    model.eventCount++;
    model.lastId = event.id;
    this.#addRow({ kind: "event", key: model.rowCount++, size: sizeOf(event), event });
    const runId = textOf(event, "run_id");
    if (runId === null) return;
    const run = this.#runs.get(runId) ?? applyFrame(undefined, { run_id: runId });
    if (run !== undefined) this.#runs.set(runId, applyEvent(run, event, model.bounds.maxVisits));
  }

  #takeGap(told: number | null, source: string | null): void {
    const model = this.#model;
    const missed = told !== null && told >= 0 ? told : null;
    const { gaps, missed: sum, unknown } = model.gapCounts;
    model.gapCounts = { gaps: gaps + 1, missed: sum + (missed ?? 0), unknown: unknown + (missed === null ? 1 : 0) };
    if (missed === null && source === null && model.lastId !== null) {
      model.doubt = { key: model.rowCount, id: model.lastId };
    }
    this.#addRow({ kind: "gap", key: model.rowCount++, size: gapSize, missed, source, healed: false });
  }

  /** A log that was made anew has the last event from before: then it has all that came after it, too. */
  #seenAgain(id: string): void {
    const { doubt, gapCounts } = this.#model;
    if (doubt?.id !== id) return;
    this.#model.doubt = null;
    this.#model.gapCounts = { ...gapCounts, gaps: gapCounts.gaps - 1, unknown: gapCounts.unknown - 1 };
    const at = this.#rows.findIndex(({ key }) => key === doubt.key);
    const row = this.#rows[at];
    if (row?.kind === "gap") this.#rows[at] = { ...row, healed: true };
  }

  #takeSnapshot(snapshot: Snapshot): void {
    // Shown at once, and once more where it holds: what comes before that place is in it already.
    for (const frame of snapshot.runs) {
      const runId = textOf(frame, "run_id");
      if (runId !== null && !this.#runs.has(runId)) this.#setFrame(frame);
    }
    // A frame says itself where it holds; that the feed joined is a little earlier.
    const cursor = textOf(snapshot.runs[0] ?? {}, "cursor") ?? snapshot.cursor;
    this.#model.pending = { ...snapshot, cursor };
  }

  #settle(): void {
    const { pending, position } = this.#model;
    if (pending === null || (pending.cursor !== null && pending.cursor !== position)) return;
    this.#model.pending = null;
    for (const frame of pending.runs) this.#setFrame(frame);
  }

  #setFrame(frame: RunFrame): void {
    const runId = textOf(frame, "run_id");
    const run = runId === null ? undefined : applyFrame(this.#runs.get(runId), frame);
    if (run !== undefined) this.#runs.set(run.run_id, run);
  }
}

/** Those that ended longest ago go first, then those heard of first. */
function dropOldRuns(runs: Map<string, Run>, max: number): void {
  if (runs.size <= max) return;
  const running = [...runs.values()].filter(({ status }) => status === "running");
  const ended = [...runs.values()].filter(({ status }) => status !== "running");
  ended.sort((a, b) => ((a.updated_at ?? "") < (b.updated_at ?? "") ? -1 : 1));
  for (const { run_id } of [...ended, ...running].slice(0, runs.size - max)) runs.delete(run_id);
}
