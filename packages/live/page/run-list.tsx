import { clip } from "../src/model/clip.js";
import { shownStatus } from "../src/model/run.js";
import { isRunning } from "../src/model/run-tree.js";
import { formatStart, formatStatus, lineLetters, statusTone } from "./format.js";
import { chosen, listed, now, selected } from "./state.js";

/** Running and recent runs, child runs below their parents. Arrows choose. */
export function RunList() {
  const runs = listed.value;
  const current = selected.value?.run_id;
  const onKeyDown = (event: KeyboardEvent) => {
    const at = runs.findIndex(({ run }) => run.run_id === current);
    const target = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: runs.length - 1 }[event.key];
    const next = target === undefined ? undefined : runs[target];
    if (target === undefined) return;
    event.preventDefault();
    if (next === undefined) return;
    chosen.value = next.run.run_id;
    document.getElementById(`run-${next.run.run_id}`)?.focus();
  };
  const running = runs.filter(({ run }) => isRunning(run)).length;
  return (
    <nav class="runs pane" aria-label="Runs">
      <h2>
        Runs <span class="muted">{running > 0 ? `${running} running of ${runs.length}` : runs.length}</span>
      </h2>
      {runs.length === 0 && <p class="empty">No run yet. Start one with loops run, and it appears here.</p>}
      <div role="tree" aria-label="Running and recent runs" onKeyDown={onKeyDown}>
        {runs.map(({ run, level }) => {
          const status = shownStatus(run);
          return (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the tree itself has the keys
            <div
              key={run.run_id}
              id={`run-${run.run_id}`}
              role="treeitem"
              aria-level={level + 1}
              aria-selected={run.run_id === current}
              tabIndex={run.run_id === current ? 0 : -1}
              data-run={run.run_id}
              data-level={Math.min(level, 6)}
              onClick={() => {
                chosen.value = run.run_id;
              }}
            >
              <span class={`dot ${statusTone(status)}`} aria-hidden="true" />
              <span class="run-name">{clip(run.loop || run.run_id, lineLetters)}</span>
              <span class="run-start">{formatStart(run.started_at, now.value)}</span>
              <span class="run-state">
                <span class={`status ${statusTone(status)}`}>{formatStatus(status)}</span>
                {run.current_state !== null && <span> · {clip(run.current_state, lineLetters)}</span>}
              </span>
              <span class="run-iteration">#{run.iteration}</span>
            </div>
          );
        })}
      </div>
    </nav>
  );
}
