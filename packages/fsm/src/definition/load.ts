import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { errorMessage, isLoopsError, LoopsError } from "@loops/core";
import { checkDefinition } from "./check.js";
import {
  type Finding,
  formatPath,
  type LoopDefinitionError,
  type LoopProblem,
  loopDefinitionError,
} from "./problem.js";
import type { LoopExtensions } from "./schema.js";
import type { LoopDefinition } from "./types.js";
import { readYaml, sizeProblem } from "./yaml-source.js";

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
}

/**
 * Reads a loop from YAML text of at most 1 MiB. Pure.
 * Scalars have the values of YAML 1.1, in which loop files are written, but where text is expected they are that text.
 * Evaluators and kinds of actions beside the built-in ones have to be named in `options`.
 *
 * @throws LoopDefinitionError `LOOPS_LOOP_YAML` or `LOOPS_LOOP_INVALID`; its message lists everything that is wrong, with
 *   path, line and column, and so do its `problems`
 */
export function parseLoop(text: string, options: ParseLoopOptions = {}): ParsedLoop {
  const subject = options.file ?? "loop";
  const source = readYaml(text);
  const inText: LoopProblem[] = source.problems.map((problem) => ({ path: "", ...problem }));
  if (inText.some((problem) => problem.severity === "error")) {
    throw loopDefinitionError({ code: "LOOPS_LOOP_YAML", subject, text, problems: inText });
  }
  const { definition, findings } = checkDefinition(source.data, { ...options, written: source.written });
  const place = (finding: Finding): LoopProblem => {
    const { path, at = "value", severity, message } = finding;
    return { path: formatPath(path), ...source.locate(path, at), severity, message };
  };
  const problems = [...inText, ...findings.map(place)];
  if (definition === null) throw loopDefinitionError({ code: "LOOPS_LOOP_INVALID", subject, text, problems });
  return { definition, warnings: problems };
}

/**
 * Reads a loop from a YAML file in UTF-8.
 *
 * @throws LoopsError `LOOPS_LOOP_NOT_FOUND` where there is no such file, `LOOPS_LOOP_READ` where it cannot be read
 * @throws LoopDefinitionError as {@link parseLoop}
 */
export async function loadLoop(path: string, extensions: LoopExtensions = {}): Promise<ParsedLoop> {
  const bytes = await readLoopFile(path);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw unreadable(path, "this is not text in UTF-8; save the file in that encoding");
  }
  return parseLoop(text, { ...extensions, file: path });
}

async function readLoopFile(path: string): Promise<Uint8Array> {
  try {
    const stats = await stat(path);
    // Anything else could be endless, or never begin.
    if (!stats.isFile()) {
      const kind = stats.isDirectory() ? "a directory" : "not a regular file";
      throw new LoopsError("LOOPS_LOOP_NOT_FOUND", `${path} is ${kind}; name the loop's YAML file itself`);
    }
    const tooLong = sizeProblem(stats.size);
    if (tooLong !== null) throw unreadable(path, tooLong);
    return await readFile(path);
  } catch (error) {
    throw readError(path, error);
  }
}

function unreadable(path: string, message: string): LoopDefinitionError {
  const problem: LoopProblem = { path: "", line: null, column: null, severity: "error", message };
  return loopDefinitionError({ code: "LOOPS_LOOP_YAML", subject: path, problems: [problem] });
}

function readError(path: string, error: unknown): LoopsError {
  if (isLoopsError(error)) return error;
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ENOENT" || code === "ENOTDIR") {
    const message = `there is no file ${path} (looked for ${resolve(path)}); check the path`;
    return new LoopsError("LOOPS_LOOP_NOT_FOUND", message, { cause: error });
  }
  const message = `${path} cannot be read: ${errorMessage(error)}; check its name and permissions`;
  return new LoopsError("LOOPS_LOOP_READ", message, { cause: error });
}
