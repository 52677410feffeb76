import { useState } from "preact/hooks";
import { clip } from "../src/model/clip.js";
import type { Run, Visit } from "../src/model/run.js";
import { shownStatus } from "../src/model/run.js";
import { DetailPane } from "./detail-pane.js";
import { formatClock, formatCount, formatDuration, lineLetters, verdictTone } from "./format.js";
import { chosen as chosenRun, now } from "./state.js";
import { WindowList } from "./window-list.js";

const rowHeight = 28;

/** What a run did, state by state: when, which action, how long, with which verdict, where it led. */
export function Timeline({ run }: { readonly run: Run }) {
  const [active, setActive] = useState<number | null>(null);
  const { timeline } = run;
  const longest = Math.max(1, ...timeline.map((visit) => lasted(visit, run) ?? 0));
  const earlier = run.visit_count - timeline.length;
  const chosen = active === null ? undefined : timeline.find(({ key }) => key === active);
  return (
    <section class="pane timeline" aria-label="Timeline">
      <h2>
        Timeline
        <span class="muted">
          {formatCount(run.visit_count)} {run.visit_count === 1 ? "step" : "steps"}
          {earlier > 0 && `, the first ${formatCount(earlier)} not kept`}
        </span>
      </h2>
      {timeline.length === 0 ? (
        <p class="empty">Nothing has been entered yet.</p>
      ) : (
        <WindowList
          items={timeline}
          keyOf={({ key }) => key}
          rowHeight={rowHeight}
          label="States and actions, in the order in which they ran"
          id={`visit-${run.run_id}`}
          active={active}
          onActive={(key) => {
            // Who reads in a run is not taken to another one that begins.
            chosenRun.value = run.run_id;
            setActive(key);
          }}
          classOf={(visit) => (visit.left_at === null && run.phase !== "ended" ? "present" : "")}
        >
          {(visit) => <VisitRow visit={visit} run={run} longest={longest} />}
        </WindowList>
      )}
      {chosen !== undefined && <VisitDetail visit={chosen} onClose={() => setActive(null)} />}
    </section>
  );
}

function VisitRow({ visit, run, longest }: { readonly visit: Visit; readonly run: Run; readonly longest: number }) {
  const duration = lasted(visit, run);
  const tone = verdictTone(visit.verdict);
  const child = run.definition?.states[visit.state]?.loop;
  const share = duration === null ? 0 : Math.max(1.5, (100 * duration) / longest);
  return (
    <>
      <span class="number">{visit.iteration}</span>
      <span class="time">{formatClock(visit.entered_at)}</span>
      <span class="state-name">{clip(visit.state, lineLetters)}</span>
      <span class="action">{clip(visit.action ?? (child === undefined ? "" : `loop ${child}`), lineLetters)}</span>
      <span class="track" aria-hidden="true">
        <span class={`fill tone-${tone}`} style={{ width: `${share}%` }} />
      </span>
      <span class="duration">{duration === null ? "" : formatDuration(duration)}</span>
      <span class="outcome">
        {visit.notes.length > 0 && <span class="note">{visit.notes.at(-1)}</span>}
        {visit.verdict !== null && <span class={`verdict tone-${tone}`}>{visit.verdict}</span>}
        {visit.to !== null && <span class="to">→ {visit.to}</span>}
      </span>
    </>
  );
}

/** Of the action, where it is recorded; of one that runs, until now; `null` also where a clock told no time. */
function lasted(visit: Visit, run: Run): number | null {
  if (visit.duration_ms !== null) return Math.max(0, visit.duration_ms);
  if (visit.left_at === null && shownStatus(run) !== "running") return null;
  const end = visit.left_at === null ? now.value : Date.parse(visit.left_at);
  const duration = end - Date.parse(visit.entered_at);
  return Number.isNaN(duration) ? null : Math.max(0, duration);
}

function VisitDetail({ visit, onClose }: { readonly visit: Visit; readonly onClose: () => void }) {
  return (
    <DetailPane
      of="step"
      text={[visit.action === null ? "" : `$ ${visit.action}`, visit.output ?? ""].filter(Boolean).join("\n")}
      onClose={onClose}
    >
      <p>
        <b>{visit.state}</b> #{visit.iteration}
        {visit.exit_code !== null && <> · exit {visit.exit_code}</>}
        {visit.notes.length > 0 && <> · {visit.notes.join(", ")}</>}
      </p>
    </DetailPane>
  );
}
