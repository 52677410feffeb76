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
  type Pair,
  Parser,
  parseDocument,
  type ScalarTag,
  visit,
  type YAMLMap,
} from "yaml";
import type { Severity } from "./problem.js";
import { plainValue } from "./yaml-scalars.js";

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
  /** The same with every scalar as it is written: `yes` where `data` has `true`. */
  readonly written: unknown;
  readonly problems: readonly YamlProblem[];
  /** Where the value at `path` is, or its key; where that does not exist, where it would belong. */
  locate(path: readonly string[], at: "key" | "value"): Position;
}

/**
 * Reads one YAML document. Scalars without quotes have the values that YAML 1.1 gives them (see yaml-scalars.ts), keys
 * are the text that is written, `<<` merges, unknown tags warn. Never throws.
 */
export function readYaml(text: string): YamlSource {
  const tooMuch = checkSize(text);
  const start = { line: 1, column: 1 };
  if (tooMuch !== null) {
    const problem: YamlProblem = { ...start, severity: "error", message: tooMuch };
    return { data: undefined, written: undefined, problems: [problem], locate: () => start };
  }
  const lines = new LineCounter();
  const document = parseDocument(text, {
    version: "1.2",
    // Every scalar is text at first: the library's YAML 1.1 is not that of the original system.
    schema: "failsafe",
    customTags: (tags) => [...tags, ...scalarTags],
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
  const pairOf = pairsByKey();
  const locate = (path: readonly string[], at: "key" | "value") => position(offsetOf(document, path, at, pairOf));
  if (document.errors.length > 0) return { data: undefined, written: undefined, problems, locate };

  for (const { offset, key } of duplicateKeys(document)) {
    problems.push(
      problem("warning", offset, `the key ${JSON.stringify(key)} was there before; only this one counts. Remove one`),
    );
  }
  try {
    const written: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
    for (const { offset, source, surprise } of readScalars(document)) {
      problems.push(problem("warning", offset, `${source} ${surprise}`));
    }
    return { data: document.toJS({ maxAliasCount: MAX_ALIASES }), written, problems, locate };
  } catch (error) {
    const unresolved = problem("error", aliasOffset(document), explainAlias(errorMessage(error)));
    return { data: undefined, written: undefined, problems: [...problems, unresolved], locate };
  }
}

/** What `!!int`, `!!float`, `!!bool` and `!!null` make of a text, in quotes or not. */
const scalarTags: ScalarTag[] = ["int", "float", "bool", "null"].map((name) => ({
  tag: `tag:yaml.org,2002:${name}`,
  resolve: (text) => plainValue(text).value,
}));

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

/** Gives each scalar without quotes its value, and returns those that may not be what their author thinks. */
function readScalars(document: Document): { offset: number; source: string; surprise: string }[] {
  const found: { offset: number; source: string; surprise: string }[] = [];
  visit(document, {
    Scalar(key, scalar) {
      const { source, type, tag, range } = scalar;
      if (key === "key" || type !== "PLAIN" || tag !== undefined || source === undefined) return;
      const { value, surprise } = plainValue(source);
      scalar.value = value;
      if (surprise !== undefined) found.push({ offset: range?.[0] ?? 0, source, surprise });
    },
  });
  return found;
}

function explainAlias(message: string): string {
  if (message.startsWith("Merge sources")) return '"<<" takes a mapping, an alias of one, or a list of these';
  const hint = message.includes("alias count") ? `; at most ${MAX_ALIASES} repetitions are read. Write it out` : "";
  return `an alias cannot be resolved: ${message}${hint}`;
}

/** The first alias or merge of a document, near which the trouble is. */
function aliasOffset(document: Document): number {
  let offset: number | undefined;
  visit(document, {
    Alias(_key, alias) {
      offset = alias.range?.[0];
      return visit.BREAK;
    },
    Pair(_key, { key }) {
      if (!isScalar(key) || key.value !== "<<") return undefined;
      offset = key.range?.[0];
      return visit.BREAK;
    },
  });
  return offset ?? 0;
}

/** Follows `path` through mappings, lists and aliases, as far as it goes. */
function offsetOf(document: Document, path: readonly string[], at: "key" | "value", pairOf: PairOf): number {
  let node: Node | null = document.contents;
  let key: Node | null = null;
  for (const step of path) {
    if (isAlias(node)) node = node.resolve(document) ?? null;
    const pair = isMap(node) ? pairOf(node, step) : undefined;
    const next: unknown = pair === undefined && isSeq(node) ? node.items[Number(step)] : pair?.value;
    // Merged in with "<<", or missing: the nearest thing that is there.
    if (pair === undefined && next === undefined) return (key ?? node)?.range?.[0] ?? 0;
    // An item of a list has no key: it is meant itself.
    key = pair === undefined ? null : (pair.key as Node);
    node = (next ?? null) as Node | null;
  }
  const wanted = at === "key" ? (key ?? node) : (node ?? key);
  return wanted?.range?.[0] ?? 0;
}

type PairOf = (map: YAMLMap, key: string) => Pair | undefined;

/** Finds the last pair of a mapping that has a key, and looks through each mapping only once. */
function pairsByKey(): PairOf {
  const seen = new WeakMap<YAMLMap, ReadonlyMap<string, Pair>>();
  return (map, key) => {
    const pairs =
      seen.get(map) ?? new Map(map.items.map((item) => [isScalar(item.key) ? String(item.key.value) : "", item]));
    seen.set(map, pairs);
    return pairs.get(key);
  };
}
