import { LoopsError } from "@loops/core";

/** An `error` makes a loop unusable; a `warning` is something that has no effect, or not the one it seems to have. */
export type Severity = "error" | "warning";

/** One thing that is wrong with a loop, and where. */
export interface LoopProblem {
  /** Where in the loop, for example `states.fix.on_yes`; empty for the loop as a whole. */
  readonly path: string;
  /** The file that `line` and `column` are in, where that is another than the loop's own: one that it builds on. */
  readonly file?: string;
  /** From 1; `null` where the loop did not come from text. */
  readonly line: number | null;
  /** From 1; `null` where the loop did not come from text. */
  readonly column: number | null;
  readonly severity: Severity;
  /** What is wrong and what to do about it. */
  readonly message: string;
}

/** What a check found, before it is known where in a text that is. */
export interface Finding {
  readonly path: readonly string[];
  /** Whether the key or the value at `path` is meant. @default "value" */
  readonly at?: "key" | "value";
  readonly severity: Severity;
  readonly message: string;
}

/** `["states", "a b", "on_yes"]` is `states["a b"].on_yes`. */
export function formatPath(path: readonly string[]): string {
  let text = "";
  for (const key of path) {
    if (!/^[\p{L}\p{N}_$-]+$/u.test(key)) text += `[${JSON.stringify(key)}]`;
    else text += text === "" ? key : `.${key}`;
  }
  return text;
}

/** A loop that cannot be used, with every problem that was found, warnings included. */
export class LoopDefinitionError extends LoopsError {
  readonly problems: readonly LoopProblem[];

  constructor(code: LoopDefinitionErrorCode, message: string, problems: readonly LoopProblem[]) {
    super(code, message);
    this.name = "LoopDefinitionError";
    this.problems = problems;
  }
}

/** `LOOPS_LOOP_YAML`: the text cannot be read. `LOOPS_LOOP_INVALID`: it can, and is not a loop that can run. */
export type LoopDefinitionErrorCode = "LOOPS_LOOP_YAML" | "LOOPS_LOOP_INVALID";

export interface ProblemReport {
  readonly code: LoopDefinitionErrorCode;
  /** What to call the loop: its file's path as given, or its name. */
  readonly subject: string;
  /** The text that lines and columns refer to. */
  readonly text?: string;
  /** The texts of the other files, by the `file` of their problems. */
  readonly others?: ReadonlyMap<string, string>;
  readonly problems: readonly LoopProblem[];
}

const LISTED = 50;

/** One error that lists all problems, errors first, each with its place, its line of source, and what to do. */
export function loopDefinitionError(report: ProblemReport): LoopDefinitionError {
  const { code, subject, problems } = report;
  const bySeverity = (severity: Severity) => problems.filter((problem) => problem.severity === severity).sort(byPlace);
  const [errors, warnings] = [bySeverity("error"), bySeverity("warning")];
  const sorted = [...errors, ...warnings];
  const what = code === "LOOPS_LOOP_YAML" ? "cannot be read as YAML" : "is not a valid loop";
  const counts = [count(errors.length, "error"), ...(warnings.length > 0 ? [count(warnings.length, "warning")] : [])];
  const shown = sorted.slice(0, LISTED);
  const linesOf = new Map(
    [...new Set(shown.map(({ file }) => file))].map((file) => {
      const text = file === undefined ? report.text : report.others?.get(file);
      return [file, text?.split("\n")] as const;
    }),
  );
  const listed = shown.map((problem) => formatProblem(problem, subject, linesOf.get(problem.file)));
  const more = sorted.length > LISTED ? [`... and ${sorted.length - LISTED} more`] : [];
  const message = [`${subject} ${what} (${counts.join(", ")}):`, ...listed, ...more].join("\n");
  return new LoopDefinitionError(code, message, sorted);
}

/** `fix.yaml:12:7 states.fix.on_yes: what is wrong`, and the line of source below it where there is one. */
export function formatProblem(problem: LoopProblem, subject: string, lines: readonly string[] = []): string {
  const { line, column, path, message } = problem;
  const place = line === null ? "" : `${problem.file ?? subject}:${line}:${column ?? 1}`;
  const where = [place, path].filter((part) => part !== "").join(" ");
  const severity = problem.severity === "warning" ? "warning: " : "";
  return `  ${where === "" ? "" : `${where}: `}${severity}${message}${excerpt(line, lines)}`;
}

/** The line of source; where that is empty, as behind the end of a text, the nearest before it that is not. */
function excerpt(line: number | null, lines: readonly string[]): string {
  if (line === null) return "";
  let shown = Math.min(line, lines.length);
  // Bounded: a text may end with any number of empty lines, and there may be fifty problems.
  const first = shown - 1000;
  while (shown > first && lines[shown - 1]?.trim() === "") shown--;
  const source = lines[shown - 1];
  return source === undefined || source.trim() === "" ? "" : `\n    ${shown} | ${showable(source)}`;
}

function byPlace(a: LoopProblem, b: LoopProblem): number {
  if (a.file !== b.file) return (a.file ?? "") < (b.file ?? "") ? -1 : 1;
  return (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0);
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** One line that is safe on a terminal: short, and without control characters. */
function showable(line: string): string {
  const clean = line
    .slice(0, 1000)
    .trimEnd()
    .replace(/\p{Cc}/gu, " ");
  return clean.length > 120 ? `${clean.slice(0, 117)}...` : clean;
}
