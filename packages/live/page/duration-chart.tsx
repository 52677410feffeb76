import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Run } from "../src/model/run.js";
import { formatDuration, verdictTone } from "./format.js";
import { theme } from "./theme.js";

const height = 96;
const tones = ["yes", "no", "error", "other"] as const;

/** How long each step took, by verdict: whether a loop gets slower, and where it hung. */
export function DurationChart({ run }: { readonly run: Run }) {
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const colours = theme.value;
  const data = useRef<uPlot.AlignedData>([[]]);
  data.current = dataOf(run);

  // Colours are read from the styles, so another theme is another chart.
  useEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const build = () => {
      chart.current?.destroy();
      chart.current = new uPlot(optionsFor(element), data.current, element);
    };
    build();
    const observer = new ResizeObserver(() => chart.current?.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    const system = matchMedia("(prefers-color-scheme: dark)");
    system.addEventListener("change", build);
    return () => {
      observer.disconnect();
      system.removeEventListener("change", build);
      chart.current?.destroy();
      chart.current = null;
    };
  }, [colours, run.run_id]);

  useEffect(() => {
    chart.current?.setData(data.current);
  });

  return (
    <section class="chart" aria-label="Duration of each step">
      <h2>
        Duration of each step <span class="muted">{summary(run)}</span>
      </h2>
      <div ref={box} class="plot" aria-hidden="true" />
    </section>
  );
}

function summary({ timeline }: Run): string {
  const durations = timeline.flatMap(({ duration_ms: ms }) => (ms === null ? [] : [ms])).sort((a, b) => a - b);
  const last = durations.at(-1);
  const median = durations[Math.floor(durations.length / 2)];
  if (last === undefined || median === undefined) return "none yet";
  return `median ${formatDuration(median)}, longest ${formatDuration(last)}`;
}

/** One series for each tone, so that a bar has the colour of its verdict. */
function dataOf({ timeline }: Run): uPlot.AlignedData {
  const done = timeline.filter(({ duration_ms: ms }) => ms !== null);
  const of = (tone: (typeof tones)[number]) =>
    done.map(({ verdict, duration_ms: ms }) => (verdictTone(verdict) === tone && ms !== null ? ms / 1000 : null));
  return [done.map(({ key }) => key + 1), ...tones.map(of)];
}

function optionsFor(element: HTMLElement): uPlot.Options {
  const styles = getComputedStyle(element);
  const colour = (name: string) => resolved(element, styles, name);
  const bars = uPlot.paths.bars?.({ size: [0.7, 18] });
  const axis = {
    stroke: colour("--muted"),
    font: "11px system-ui",
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { show: false },
  };
  return {
    width: element.clientWidth,
    height,
    padding: [6, 8, 0, 0],
    cursor: { show: false },
    legend: { show: false },
    scales: {
      x: { time: false, range: (_, min, max) => [(min ?? 1) - 0.6, Math.max((max ?? 1) + 0.6, 12)] },
      y: { range: (_, __, max) => [0, (max || 1) * 1.1] },
    },
    axes: [
      { ...axis, size: 20, gap: 2, grid: { show: false }, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500] },
      {
        ...axis,
        size: 48,
        gap: 4,
        splits: (_, __, ___, max) => [0, max / 2.2, max / 1.1],
        values: (_, all) => all.map((s) => (s === 0 ? "0" : formatDuration(s * 1000))),
      },
    ],
    series: [
      {},
      ...tones.map((tone) => ({
        fill: colour(`--${tone}`),
        width: 0,
        points: { show: false },
        ...(bars === undefined ? {} : { paths: bars }),
      })),
    ],
  };
}

/** A canvas knows no variables and no `light-dark()`: what an element would have is asked. */
function resolved(element: HTMLElement, styles: CSSStyleDeclaration, name: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color || styles.color;
}
