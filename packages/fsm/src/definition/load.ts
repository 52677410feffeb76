import { checkDefinition } from "./check.js";
import { checkChildBindings } from "./child-bindings.js";
import { expandLoop } from "./expand.js";
import type { FileRequest, LoopFile, Reading } from "./expansion.js";
import { readLoopText, readNamedFile } from "./find-loop-file.js";
import { fileOf, type LoopSource, readLoopSource, yamlProblems } from "./loop-source.js";
import { locate, type Part, toData, toWritten } from "./parts.js";
import { type Finding, formatPath, type LoopProblem, loopDefinitionError } from "./problem.js";
import type { LoopExtensions } from "./schema.js";
import type { LoopDefinition } from "./types.js";

/** A loop that can run, and what is odd about it without being wrong. */
export interface ParsedLoop {
  readonly definition: LoopDefinition;
  readonly warnings: readonly LoopProblem[];
}

export interface ParseLoopOptions extends LoopExtensions {
  /**
   * What to call the text in messages, usually the path of its file.
   * @default "loop"
   */
  readonly file?: string | undefined;
  /**
   * Gives the files that the loop names in `from` and `import`, and child loops that it gives values `with`. What it
   * throws becomes a problem of the loop, at the place that names the file; of child loops it only says that they are not
   * known yet.
   * @default such a loop is refused
   */
  readonly read?: ((request: FileRequest) => LoopFile) | undefined;
}

/**
 * Reads a loop from YAML text of at most 1 MiB. Pure, but for what `read` does.
 * Scalars have the values of YAML 1.1, in which loop files are written, but where text is expected they are that text.
 * Evaluators and kinds of actions beside the built-in ones have to be named in `options`.
 *
 * @throws LoopDefinitionError `LOOPS_LOOP_YAML` or `LOOPS_LOOP_INVALID`; its message lists everything that is wrong, with
 *   path, line and column, and so do its `problems`
 */
export function parseLoop(text: string, options: ParseLoopOptions = {}): ParsedLoop {
  const { file = "loop", read = readNothing, ...extensions } = options;
  const reading = parse(readLoopSource(file, text), extensions);
  let step = reading.next();
  while (!step.done) {
    const request = step.value;
    let found: LoopFile;
    try {
      found = read(request);
    } catch (error) {
      step = reading.throw(error);
      continue;
    }
    step = reading.next(found);
  }
  return step.value;
}

/**
 * Reads a loop from a YAML file in UTF-8, and the files that it builds on: a name in `from` or `import` is a path next to
 * the file that says it, with or without `.fsm.yaml` or `.yaml`.
 *
 * @throws LoopsError `LOOPS_LOOP_NOT_FOUND` where there is no such file, `LOOPS_LOOP_READ` where it cannot be read
 * @throws LoopDefinitionError as {@link parseLoop}
 */
export async function loadLoop(path: string, extensions: LoopExtensions = {}): Promise<ParsedLoop> {
  const read = await readLoopText(path);
  if ("unreadable" in read) {
    const problem: LoopProblem = { path: "", line: null, column: null, severity: "error", message: read.unreadable };
    throw loopDefinitionError({ code: "LOOPS_LOOP_YAML", subject: path, problems: [problem] });
  }
  const reading = parse(readLoopSource(path, read.text), extensions);
  let step = reading.next();
  while (!step.done) {
    const request = step.value;
    step = await readNamedFile(request).then(
      (found) => reading.next(found),
      (error: unknown) => reading.throw(error),
    );
  }
  return step.value;
}

function readNothing(): never {
  throw new Error("parseLoop reads no files; use loadLoop(path), or give it a `read`");
}

function* parse(source: LoopSource, extensions: LoopExtensions): Reading<ParsedLoop> {
  const { file: subject, text } = source;
  const inText = yamlProblems(source, source);
  if (hasErrors(inText)) throw loopDefinitionError({ code: "LOOPS_LOOP_YAML", subject, text, problems: inText });
  const { loop, problems: found, sources } = yield* expandLoop(source);
  const others = new Map(sources.map((other) => [other.file, other.text]));
  const refuse = (problems: readonly LoopProblem[]) =>
    loopDefinitionError({ code: "LOOPS_LOOP_INVALID", subject, text, others, problems });
  const problems = [...inText, ...found];
  // What is wrong with half a loop says nothing of the whole.
  if (loop === null || hasErrors(problems)) throw refuse(problems);
  const { definition, findings } = checkDefinition(toData(loop), { ...extensions, written: toWritten(loop) });
  problems.push(...findings.map((finding) => placed(finding, loop, source)));
  if (definition === null) throw refuse(problems);
  const bound = yield* checkChildBindings(definition, loop, source);
  problems.push(...bound.map((finding) => placed(finding, loop, source)));
  if (bound.length > 0) throw refuse(problems);
  return { definition, warnings: problems };
}

function placed({ path, at = "value", severity, message }: Finding, loop: Part, root: LoopSource): LoopProblem {
  const { source, ...position } = locate(loop, path, at);
  return { path: formatPath(path), ...fileOf(source, root), ...position, severity, message };
}

function hasErrors(problems: readonly LoopProblem[]): boolean {
  return problems.some(({ severity }) => severity === "error");
}
