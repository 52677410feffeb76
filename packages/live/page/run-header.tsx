import { clip } from "../src/model/clip.js";
import { type Run, shownStatus } from "../src/model/run.js";
import {
  formatClock,
  formatCount,
  formatDuration,
  formatStatus,
  lineLetters,
  statusTone,
  verdictTone,
} from "./format.js";
import { now } from "./state.js";

const maxVerdicts = 12;

/** What a person asks first: which run, how it stands, for how long. */
export function RunHeader({ run }: { readonly run: Run }) {
  const status = shownStatus(run);
  const end = status === "running" ? now.value : Date.parse(run.updated_at ?? "");
  const elapsed = end - Date.parse(run.started_at ?? "");
  const limit = run.definition?.max_iterations;
  const verdicts = Object.entries(run.verdicts).sort(([, a], [, b]) => b - a);
  return (
    <section class="run-header" aria-label="Run">
      <h2>
        <span class="loop-name">{clip(run.loop || "run", lineLetters)}</span>
        <span class={`chip ${statusTone(status)}`} data-testid="status">
          {clip(formatStatus(status), lineLetters)}
        </span>
        <span class="run-id">{clip(run.run_id, lineLetters)}</span>
      </h2>
      <dl class="facts">
        <Fact name="state" value={clip(run.current_state ?? "–", lineLetters)} />
        <Fact
          name="step"
          value={`${formatCount(run.iteration)}${limit === undefined ? "" : ` of ${formatCount(limit)}`}`}
        />
        <Fact name="running time" value={Number.isFinite(elapsed) ? formatDuration(Math.max(0, elapsed)) : "–"} />
        <Fact name="started" value={formatClock(run.started_at)} />
        <div>
          <dt class="fact-name">verdicts</dt>
          <dd class="fact-value">
            {verdicts.slice(0, maxVerdicts).map(([verdict, count]) => (
              <span key={verdict} class={`verdict tone-${verdictTone(verdict)}`}>
                {clip(verdict, lineLetters)} {formatCount(count)}
              </span>
            ))}
            {verdicts.length === 0 && "–"}
            {verdicts.length > maxVerdicts && `and ${formatCount(verdicts.length - maxVerdicts)} others`}
          </dd>
        </div>
      </dl>
      {run.error !== null && <p class="run-error">{clip(run.error, 20 * lineLetters)}</p>}
    </section>
  );
}

function Fact({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <div>
      <dt class="fact-name">{name}</dt>
      <dd class="fact-value">{value}</dd>
    </div>
  );
}
