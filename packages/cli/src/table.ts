import { cleanLine } from "./clean-text.js";

/** Rows as columns of equal width, two blanks apart; the last one is not filled up. Widths count characters. */
export function table(given: readonly (readonly string[])[]): readonly string[] {
  const rows = given.map((row) => row.map(cleanLine));
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
  }
  return rows.map((row) =>
    row
      .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
}
