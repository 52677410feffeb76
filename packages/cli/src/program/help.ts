export const exitCodes = `

Exit codes:
  0 ok, 1 the loop failed, 2 bad input, 130 interrupted (it can be resumed)`;

export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join("\n")}`;
}
