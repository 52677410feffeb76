import type { Result } from "./harness.js";
import { units } from "./units.js";

/** Four significant digits: more would be noise. */
const rounded = (value: number): number => Number(value.toPrecision(4));

/** One JSON object, without a line end. */
export function jsonLine(result: Result): string {
  const { ours, theirs, ratio } = result;
  return JSON.stringify({ ...result, ours: rounded(ours), theirs: rounded(theirs), ratio: rounded(ratio) });
}

/** A table for people. */
export function table(results: readonly Result[]): string {
  const rows = [["name", "ours", "theirs", "unit", "ours/theirs", "bar", ""], ...results.map(cells)];
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const leftAligned = new Set([0, 3, 6]);
  const lines = rows.map((row) =>
    row
      .map((cell, column) =>
        leftAligned.has(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd(),
  );
  const notes = results.flatMap(({ name, note }) => (note === undefined ? [] : [`${name}: ${note}`]));
  return [...lines, ...notes].join("\n");
}

function cells({ name, ours, theirs, unit, ratio, bar, least, ok }: Result): string[] {
  const sign = units[unit].better === "lower" ? "<=" : ">=";
  const bars = [...(bar === null ? [] : [bar]), ...(least === undefined ? [] : [`${readable(least)} ${unit}`])];
  return [
    name,
    readable(ours),
    readable(theirs),
    unit,
    ratio.toFixed(2),
    bars.length === 0 ? "-" : bars.map((value) => `${sign} ${value}`).join(", "),
    bars.length === 0 ? "" : ok ? "ok" : "MISSED",
  ];
}

/** Thousands apart; decimals only where they say something. */
function readable(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: value < 100 ? 1 : 0 });
}
