import { DurationChart } from "./duration-chart.js";
import { GraphView } from "./graph/graph-view.js";
import { Header } from "./header.js";
import { RunHeader } from "./run-header.js";
import { RunList } from "./run-list.js";
import { announcement, connection, selected } from "./state.js";
import { Stream } from "./stream.js";
import { Timeline } from "./timeline.js";

export function App() {
  const run = selected.value;
  const { value: state } = connection;
  return (
    <>
      <Header />
      {state.kind === "refused" && (
        <p class="refused" role="alert">
          {state.reason}
        </p>
      )}
      <main class="layout">
        <RunList />
        <div class="machine pane">
          {run === undefined ? (
            <p class="empty">What a run does is drawn here.</p>
          ) : (
            <>
              <RunHeader run={run} />
              <GraphView run={run} />
              <DurationChart run={run} />
            </>
          )}
        </div>
        <div class="record">
          {run !== undefined && <Timeline key={run.run_id} run={run} />}
          <Stream />
        </div>
      </main>
      <div class="hidden" role="status" aria-live="polite" data-testid="announcement">
        {announcement.value}
      </div>
    </>
  );
}
