import { useMemo } from "preact/hooks";
import { clip } from "../../src/model/clip.js";
import { edgeKey, type Run, shownStatus } from "../../src/model/run.js";
import { formatCount, verdictTone } from "../format.js";
import {
  labelText,
  labelWidth,
  layoutGraph,
  maxNameLetters,
  type PlacedEdge,
  type PlacedState,
} from "./graph-layout.js";
import { loopGraph } from "./loop-graph.js";

/** How much it may be enlarged, and shrunk before it is scrolled instead. */
const largest = 1.15;
const smallest = 0.7;
/** Pixels that every window has; a picture that may be wider can be scrolled. */
const narrow = 520;

/** The state machine of a run: the current state lit, the way taken last marked, each way with how often it was taken. */
export function GraphView({ run }: { readonly run: Run }) {
  // Laid out only when there is another state or way, not with each event.
  const graph = loopGraph(run);
  const shape = JSON.stringify(graph);
  const placed = useMemo(() => layoutGraph(graph), [shape]);
  const status = shownStatus(run);
  const states = graph.states.length + graph.leftOut;
  const title = `${run.loop}: ${states} states; ${status}, in ${run.current_state ?? "no state yet"}`;
  return (
    <section class="graph" aria-label="State machine" tabIndex={placed.width > narrow ? 0 : undefined}>
      <svg
        role="img"
        aria-label={title}
        viewBox={`0 0 ${placed.width} ${placed.height}`}
        style={{ width: `${placed.width * largest}px`, minWidth: `${placed.width * smallest}px` }}
      >
        <defs>
          {["idle", "taken", "last"].map((kind) => (
            <marker
              key={kind}
              id={`arrow-${kind}`}
              class={`arrow ${kind}`}
              viewBox="0 0 8 8"
              refX="7"
              refY="4"
              markerWidth="7"
              markerHeight="7"
              orient="auto-start-reverse"
              markerUnits="userSpaceOnUse"
            >
              <path d="M0,0.6 L7.4,4 L0,7.4 z" />
            </marker>
          ))}
        </defs>
        {placed.edges.map((edge) => (
          <EdgeLine key={edgeKey(edge.from, edge.to)} edge={edge} run={run} />
        ))}
        {placed.states.map((state) => (
          <StateBox key={state.name} state={state} run={run} />
        ))}
        {placed.edges.map((edge) => (
          <EdgeLabel key={edgeKey(edge.from, edge.to)} edge={edge} run={run} />
        ))}
      </svg>
      {graph.leftOut > 0 && (
        <p class="empty">
          {formatCount(graph.states.length)} of {formatCount(states)} states are drawn: those that this run was in
          first.
        </p>
      )}
      <EdgeTable edges={placed.edges} run={run} />
    </section>
  );
}

function countOf({ from, to }: PlacedEdge, { edges }: Run): number {
  return edges[edgeKey(from, to)] ?? 0;
}

function kindOf(edge: PlacedEdge, run: Run): "idle" | "taken" | "last" {
  if (run.last_edge === edgeKey(edge.from, edge.to)) return "last";
  return countOf(edge, run) > 0 ? "taken" : "idle";
}

function EdgeLine({ edge, run }: { readonly edge: PlacedEdge; readonly run: Run }) {
  const kind = kindOf(edge, run);
  return <path class={`edge ${kind}`} d={edge.path} marker-end={`url(#arrow-${kind})`} />;
}

function EdgeLabel({ edge, run }: { readonly edge: PlacedEdge; readonly run: Run }) {
  const count = countOf(edge, run);
  const tone = verdictTone(edge.labels[0] ?? null);
  if (edge.labels.length === 0 && count === 0) return null;
  const { x, y } = edge.label;
  const times = count > 0 ? `×${formatCount(count)}` : "";
  const width = labelWidth(edge.labels, times) + 6;
  return (
    <g class={`edge-label ${kindOf(edge, run)}`}>
      <rect x={x - width / 2} y={y - 8} width={width} height={16} rx={4} />
      <text x={x} y={y + 4} text-anchor="middle">
        <tspan class={`tone-${tone}`}>{labelText(edge.labels)}</tspan>
        {times !== "" && (
          <tspan class="count" dx={edge.labels.length > 0 ? 4 : 0}>
            {times}
          </tspan>
        )}
      </text>
    </g>
  );
}

function StateBox({ state, run }: { readonly state: PlacedState; readonly run: Run }) {
  const { name, x, y, width, height, terminal, initial, child, kind } = state;
  const current = run.current_state === name;
  const running = shownStatus(run) === "running";
  const lit = current ? (running ? `current ${run.phase}` : `current stopped tone-${run.status}`) : "";
  const visits = Object.hasOwn(run.visits, name) ? (run.visits[name] ?? 0) : 0;
  const detail = child !== null ? `loop ${shorten(child)}` : terminal ? "end" : kind;
  return (
    <g
      class={`state ${lit} ${visits > 0 || current ? "seen" : "unseen"} ${terminal ? "terminal" : ""}`}
      data-state={name}
      data-current={current ? "true" : undefined}
      transform={`translate(${x - width / 2},${y - height / 2})`}
    >
      {current && running && <rect class="halo" x={-4} y={-4} width={width + 8} height={height + 8} rx={11} />}
      <rect class="box" width={width} height={height} rx={terminal ? height / 2 : 8} />
      {initial && <circle class="initial" cx={0} cy={height / 2} r={3.5} />}
      <text class="name" x={width / 2} y={detail === "" && visits === 0 ? height / 2 + 4 : 18} text-anchor="middle">
        {shorten(name)}
      </text>
      <text class="detail" x={width / 2} y={33} text-anchor="middle">
        {[detail, visits > 0 ? `×${formatCount(visits)}` : ""].filter((part) => part !== "").join(" · ")}
      </text>
    </g>
  );
}

function shorten(text: string): string {
  return clip(text, text.length === maxNameLetters ? maxNameLetters : maxNameLetters - 1);
}

/** The same for those who do not see it. */
function EdgeTable({ edges, run }: { readonly edges: readonly PlacedEdge[]; readonly run: Run }) {
  return (
    <table class="hidden">
      <caption>Ways between states, and how often each was taken</caption>
      <thead>
        <tr>
          <th>From</th>
          <th>To</th>
          <th>When</th>
          <th>Taken</th>
        </tr>
      </thead>
      <tbody>
        {edges.map((edge) => (
          <tr key={edgeKey(edge.from, edge.to)} data-edge={edgeKey(edge.from, edge.to)}>
            <td>{edge.from}</td>
            <td>{edge.to}</td>
            <td>{edge.labels.join(", ")}</td>
            <td>{countOf(edge, run)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
