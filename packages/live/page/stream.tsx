import { compileFilter, type LoopEvent } from "@loops/core";
import { computed, signal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { clip } from "../src/model/clip.js";
import type { Row } from "../src/model/model.js";
import { runTree } from "../src/model/run-tree.js";
import { DetailPane } from "./detail-pane.js";
import { formatClock, formatCount, formatGap, formatMs, lineLetters, summarize, verdictTone } from "./format.js";
import { model, selected } from "./state.js";
import { WindowList } from "./window-list.js";

const rowHeight = 24;

const filterText = signal("");
const onlySelected = signal(false);
/** The rows as they were when the reader said stop; `null`: they go on. */
const frozen = signal<readonly Row[] | null>(null);
const active = signal<number | null>(null);

/** Globs, between spaces or commas; `null` where one of them is none. */
const matches = computed<((name: string) => boolean) | null>(() => {
  const globs = filterText.value.split(/[\s,]+/).filter((glob) => glob !== "");
  if (globs.length === 0) return () => true;
  try {
    return compileFilter(globs);
  } catch {
    return null;
  }
});

/** The chosen run and all below it. */
const family = computed<ReadonlySet<string> | null>(() => {
  const run = selected.value;
  if (!onlySelected.value || run === undefined) return null;
  const tree = runTree(model.value.runs.values());
  const at = tree.findIndex((one) => one.run.run_id === run.run_id);
  const level = tree[at]?.level ?? 0;
  const below = tree.slice(at + 1);
  const end = below.findIndex((one) => one.level <= level);
  return new Set([run.run_id, ...below.slice(0, end < 0 ? below.length : end).map((one) => one.run.run_id)]);
});

const shown = computed<readonly Row[]>(() => {
  const rows = frozen.value ?? model.value.rows;
  const fits = matches.value;
  const ids = family.value;
  if (filterText.value.trim() === "" && ids === null) return rows;
  // Gaps stay: what is missing may have been what is looked for.
  return rows.filter(
    (row) =>
      row.kind === "gap" ||
      ((fits?.(row.event.event) ?? true) && (ids === null || ids.has(String(row.event["run_id"])))),
  );
});

/** Every event as it came, and where some are missing; with a filter, and a halt for those who read. */
export function Stream() {
  const rows = shown.value;
  const waiting = frozen.value === null ? 0 : model.value.rowCount - ((frozen.value.at(-1)?.key ?? -1) + 1);
  const chosen = active.value === null ? undefined : rows.find(({ key }) => key === active.value);
  const invalid = matches.value === null;
  return (
    <section class="pane stream" aria-label="Events">
      <div class="tools">
        <h2>
          Events <span class="muted">{formatCount(rows.length)}</span>
        </h2>
        <input
          type="search"
          aria-label="Filter by the event's name"
          aria-invalid={invalid}
          placeholder="state_* route"
          spellcheck={false}
          autocomplete="off"
          value={filterText.value}
          onInput={(event) => {
            filterText.value = event.currentTarget.value;
          }}
        />
        <label class="check">
          <input
            type="checkbox"
            checked={onlySelected.value}
            onChange={(event) => {
              onlySelected.value = event.currentTarget.checked;
            }}
          />
          this run only
        </label>
        <button
          type="button"
          class="pause"
          aria-pressed={frozen.value !== null}
          onClick={() => {
            frozen.value = frozen.value === null ? model.value.rows : null;
          }}
        >
          {frozen.value === null ? "Pause" : waiting > 0 ? `Resume · ${formatCount(waiting)} new` : "Resume"}
        </button>
      </div>
      {rows.length === 0 ? (
        <p class="empty">{filterText.value === "" ? "No events yet." : "No event has a name like that."}</p>
      ) : (
        <WindowList
          items={rows}
          keyOf={({ key }) => key}
          rowHeight={rowHeight}
          label="Events, the oldest first"
          id="event"
          active={active.value}
          onActive={(key) => {
            active.value = key;
          }}
          classOf={(row) => (row.kind === "gap" ? `gap${row.healed ? " healed" : ""}` : "")}
        >
          {(row) => (row.kind === "gap" ? <GapRow row={row} /> : <EventRow event={row.event} />)}
        </WindowList>
      )}
      {chosen?.kind === "event" && <EventDetail event={chosen.event} />}
    </section>
  );
}

function EventDetail({ event }: { readonly event: LoopEvent }) {
  const text = useMemo(() => JSON.stringify(event, null, 2), [event]);
  return (
    <DetailPane
      of="event"
      text={text}
      onClose={() => {
        active.value = null;
      }}
    />
  );
}

function GapRow({ row }: { readonly row: Extract<Row, { kind: "gap" }> }) {
  const text = row.healed ? "The server began anew here; nothing is missing" : formatGap(row.missed);
  return (
    <span class="gap-text">
      {text}
      {row.source !== null && `, lost on the way from ${row.source}`}
    </span>
  );
}

function EventRow({ event }: { readonly event: LoopEvent }) {
  const loop = event["loop"];
  const verdict = event.event === "evaluate" ? ` tone-${verdictTone(String(event["verdict"]))}` : "";
  return (
    <>
      <span class="time">
        {formatClock(event.ts)}
        <span class="ms">{formatMs(event.ts)}</span>
      </span>
      <span class="from">{typeof loop === "string" ? clip(loop, lineLetters) : ""}</span>
      <span class={`event-name ${kindOf(event.event)}`}>{clip(event.event, lineLetters)}</span>
      <span class={`summary${verdict}`}>{summarize(event)}</span>
    </>
  );
}

function kindOf(name: string): string {
  if (name.startsWith("loop_")) return "of-loop";
  if (name.startsWith("action_")) return "of-action";
  return name === "state_enter" || name === "route" ? "of-state" : "";
}
