import { errorMessage } from "@loops/core";
import { fileOf, type LoopSource, plainData, readLoopSource, yamlProblems } from "./loop-source.js";
import type { MergeBudget, Part } from "./parts.js";
import { formatPath, type LoopProblem, type Severity } from "./problem.js";
import { didYouMean } from "./suggest.js";

/** So many files may be read for one loop; more is a mistake. */
const MAX_FILES = 100;
/** And so much text, all together. */
const MAX_CHARACTERS = 4 * 1024 * 1024;
/** So many fields may be put together: no file has more values. */
const MAX_MERGED_FIELDS = 1_000_000;

/** Names of anything can be in a message; this much of it is enough. */
const MAX_MESSAGE = 2000;

/** A file that a loop is put together from. */
export interface LoopFile {
  /** Its path: what it is called in messages, and what the files that it names are relative to. */
  readonly file: string;
  readonly text: string;
}

/** A file that is needed to go on. */
export interface FileRequest {
  /** As the loop names it. */
  readonly name: string;
  /** The files next to which it may lie, in the order in which to look. */
  readonly beside: readonly string[];
}

/** Asks for one file after the other, and does no more than that to the world: see {@link FileRequest}. */
export type Reading<Result> = Generator<FileRequest, Result, LoopFile>;

/** What is known and found while a loop is put together. */
export interface Expansion {
  readonly root: LoopSource;
  readonly problems: LoopProblem[];
  readonly budget: MergeBudget;
  readonly read: Map<string, Part | null>;
  requests: number;
  characters: number;
}

export function newExpansion(root: LoopSource): Expansion {
  return {
    root,
    problems: [],
    budget: { left: MAX_MERGED_FIELDS },
    read: new Map(),
    requests: 0,
    characters: root.text.length,
  };
}

export interface Remark {
  readonly at?: "key" | "value";
  readonly severity?: Severity;
}

/** Reports something about a part, where it is written. */
export function report(expansion: Expansion, about: Part, message: string, remark: Remark = {}): null {
  const { at = "value", severity = "error" } = remark;
  expansion.problems.push({
    path: formatPath(about.path),
    ...fileOf(about.source, expansion.root),
    ...about.source.yaml.locate(about.path, at),
    severity,
    message: message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE - 3)}...` : message,
  });
  return null;
}

/** The file that `asked` names, as a part; `null` where it cannot be had, which is then reported. */
export function* readPart(expansion: Expansion, asked: Part, request: FileRequest): Reading<Part | null> {
  expansion.requests++;
  if (expansion.requests > MAX_FILES) {
    // Once: a list may go on for ever.
    if (expansion.requests > MAX_FILES + 1) return null;
    return report(expansion, asked, `a loop may be put together from ${MAX_FILES} files at most; merge some of them.`);
  }
  let found: LoopFile;
  try {
    found = yield request;
    // Callers without types give anything.
    if (typeof found?.file !== "string" || typeof found.text !== "string")
      throw new Error("`read` gave no text for it");
  } catch (error) {
    const name = request.name.length > 200 ? `${request.name.slice(0, 197)}...` : request.name;
    return report(expansion, asked, `${JSON.stringify(name)} cannot be read: ${errorMessage(error)}`);
  }
  const known = expansion.read.get(found.file);
  if (known !== undefined) return known;
  const part = parse(expansion, asked, found);
  expansion.read.set(found.file, part);
  return part;
}

function parse(expansion: Expansion, asked: Part, { file, text }: LoopFile): Part | null {
  const { root, problems } = expansion;
  expansion.characters += text.length;
  if (expansion.characters > MAX_CHARACTERS) {
    return report(expansion, asked, `the files of this loop have more than ${MAX_CHARACTERS} characters in all.`);
  }
  const source = readLoopSource(file, text);
  const inText = yamlProblems(source, root);
  problems.push(...inText);
  return inText.some(({ severity }) => severity === "error") ? null : rootPart(expansion, source);
}

/** A whole file as a part; `null` where it is no plain data, which is then reported. */
export function rootPart({ root, problems }: Expansion, source: LoopSource): Part | null {
  const { data: value, problems: found } = plainData(source, root);
  problems.push(...found);
  return found.length > 0 ? null : { value, written: source.yaml.written, source, path: [] };
}

/** A scalar as the text that is written; `null` for anything else. */
export function textOf({ value, written }: Part): string | null {
  if (typeof value === "string") return value;
  const isScalar = typeof value === "number" || typeof value === "boolean";
  return isScalar && typeof written === "string" ? written : null;
}

/** {@link didYouMean}, as long as somebody reads it: to compare all names with all others takes time. */
export function suggest({ problems }: Expansion, word: string, candidates: Iterable<string>): string {
  return problems.length < 50 ? didYouMean(word, candidates) : "";
}

/** Whether a field says that what it is for is not wanted. */
export function isOff(part: Part | undefined): boolean {
  return part === undefined || (part.fields === undefined && (part.value === null || part.value === false));
}
