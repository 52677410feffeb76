import { errorMessage } from "@loops/core";
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Node,
  Parser,
  parseDocument,
  visit,
} from "yaml";
import type { Severity } from "./problem.js";

/** Twenty times the longest loop anybody wrote; more is a mistake. */
const MAX_TEXT_BYTES = 1024 * 1024;
/** Deeper nesting would exhaust the stack inside the YAML library, which ends the process. */
const MAX_NESTING = 200;
/** How often what is aliased may be repeated, all in all: the bound against alias bombs. */
const MAX_ALIASES = 1000;

export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface YamlProblem extends Position {
  readonly severity: Severity;
  readonly message: string;
}

/** YAML text as data, with the way back from a path in the data to a place in the text. */
export interface YamlSource {
  /** `undefined` where the text is not YAML. */
  readonly data: unknown;
  readonly problems: readonly YamlProblem[];
  /** Where the value at `path` is, or its key; where that does not exist, where it would belong. */
  locate(path: readonly string[], at: "key" | "value"): Position;
}

/**
 * Reads one YAML 1.2 document with the core schema: `yes`, `no`, `on` and `off` are words, as keys and as values.
 * Every key is text, `<<` merges, unknown tags warn. Never throws.
 */
export function readYaml(text: string): YamlSource {
  const tooMuch = checkSize(text);
  const start = { line: 1, column: 1 };
  if (tooMuch !== null) {
    const problem: YamlProblem = { ...start, severity: "error", message: tooMuch };
    return { data: undefined, problems: [problem], locate: () => start };
  }
  const lines = new LineCounter();
  const document = parseDocument(text, {
    version: "1.2",
    schema: "core",
    merge: true,
    stringKeys: true,
    resolveKnownTags: false,
    // The library's own check takes quadratic time; see duplicateKeys.
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: "error",
    lineCounter: lines,
  });
  const position = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const problem = (severity: Severity, offset: number, message: string): YamlProblem => ({
    ...position(offset),
    severity,
    message,
  });
  const problems = [
    ...document.errors.map((error) => problem("error", error.pos[0], explain(error.code, error.message))),
    ...document.warnings.map((warning) =>
      problem("warning", warning.pos[0], `${warning.message}; it is read as plain text`),
    ),
  ];
  const locate = (path: readonly string[], at: "key" | "value") => position(offsetOf(document, path, at));
  if (document.errors.length > 0) return { data: undefined, problems, locate };

  for (const { offset, key } of duplicateKeys(document)) {
    problems.push(
      problem("warning", offset, `the key ${JSON.stringify(key)} was there before; only this one counts. Remove one`),
    );
  }
  for (const { offset, source } of inexactNumbers(document)) {
    problems.push(
      problem("warning", offset, `${source} is too large to be kept exactly; put it in quotes to keep it as text`),
    );
  }
  try {
    return { data: document.toJS({ maxAliasCount: MAX_ALIASES }), problems, locate };
  } catch (error) {
    const message = `an alias cannot be resolved: ${errorMessage(error)}`;
    return { data: undefined, problems: [...problems, problem("error", 0, message)], locate };
  }
}

/** What is wrong with a text of that many bytes, or `null`. */
export function sizeProblem(bytes: number): string | null {
  return bytes > MAX_TEXT_BYTES ? `${bytes} bytes are too many: a loop has at most ${MAX_TEXT_BYTES}` : null;
}

function checkSize(text: string): string | null {
  const tooLong = sizeProblem(Buffer.byteLength(text));
  if (tooLong !== null) return tooLong;
  const parser = new Parser();
  for (const lexeme of new Lexer().lex(text)) {
    // Tokens are made as they are asked for, and are not needed here.
    for (const _ of parser.next(lexeme));
    if (parser.stack.length > MAX_NESTING) return `nested deeper than ${MAX_NESTING} levels; flatten it`;
  }
  return null;
}

/** The library's message, with what to do about the mistakes that people make most. */
function explain(code: string, message: string): string {
  if (code === "BLOCK_AS_IMPLICIT_KEY") return `${message}. If this is text with ": " in it, put it in quotes`;
  if (code === "TAB_AS_INDENT") return `${message}. Use spaces`;
  if (code === "MULTIPLE_DOCS") return "a loop file has one document; remove the second and what is after it";
  return message;
}

function duplicateKeys(document: Document): { offset: number; key: string }[] {
  const found: { offset: number; key: string }[] = [];
  visit(document, {
    Map(_key, map) {
      const seen = new Set<string>();
      for (const { key } of map.items) {
        if (!isScalar(key)) continue;
        const name = String(key.value);
        if (seen.has(name) && name !== "<<") found.push({ offset: key.range?.[0] ?? 0, key: name });
        seen.add(name);
      }
    },
  });
  return found;
}

function inexactNumbers(document: Document): { offset: number; source: string }[] {
  const found: { offset: number; source: string }[] = [];
  visit(document, {
    Scalar(_key, { value, source, range }) {
      if (typeof value !== "number" || !Number.isInteger(value) || Number.isSafeInteger(value)) return;
      if (source !== undefined && /^[-+]?\d+$/.test(source)) found.push({ offset: range?.[0] ?? 0, source });
    },
  });
  return found;
}

/** Follows `path` through mappings, lists and aliases, as far as it goes. */
function offsetOf(document: Document, path: readonly string[], at: "key" | "value"): number {
  let node: Node | null = document.contents;
  let key: Node | null = null;
  for (const step of path) {
    if (isAlias(node)) node = node.resolve(document) ?? null;
    const pair = isMap(node)
      ? node.items.findLast((item) => isScalar(item.key) && String(item.key.value) === step)
      : undefined;
    const next: unknown = pair === undefined && isSeq(node) ? node.items[Number(step)] : pair?.value;
    // Merged in with "<<", or missing: the nearest thing that is there.
    if (pair === undefined && next === undefined) return (key ?? node)?.range?.[0] ?? 0;
    if (pair !== undefined) key = pair.key as Node;
    node = (next ?? null) as Node | null;
  }
  const wanted = at === "key" ? (key ?? node) : (node ?? key);
  return wanted?.range?.[0] ?? 0;
}
