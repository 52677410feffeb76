import { isPlainObject, type PlainObject } from "../definition/plain-data.js";
import { isTruthy, parseJson } from "./python/json.js";
import { firstCharacters } from "./python/text.js";

/** What was found in the text of a model. */
export type ModelAnswer =
  | { readonly kind: "answer"; readonly value: PlainObject }
  /** The program that asked says that it failed. */
  | { readonly kind: "failed"; readonly reason: string }
  | { readonly kind: "unreadable"; readonly reason: string };

/** So many openings of an object are tried, and so far each is followed: more is no answer. */
const maxObjects = 50;
const maxObjectCharacters = 100_000;

/**
 * Finds the answer in what a model or its command line said: an object of JSON, alone, as the last line, in a fenced
 * block or between other words; or in the result envelope of a command line, as its `structured_output` or `result`.
 */
export function readModelAnswer(text: string): ModelAnswer {
  const found = findObject(text);
  if (found === null) return { kind: "unreadable", reason: "there is no JSON object in what the model said" };
  return isEnvelope(found) ? openEnvelope(found) : { kind: "answer", value: found };
}

/** Told from an answer by its own fields: an answer has a verdict, whatever it is called. */
function isEnvelope(value: PlainObject): boolean {
  if (Object.hasOwn(value, "verdict") && !Object.hasOwn(value, "structured_output")) return false;
  return ["structured_output", "result", "is_error", "subtype"].some((field) => Object.hasOwn(value, field));
}

function openEnvelope(envelope: PlainObject): ModelAnswer {
  const { subtype, is_error, structured_output, result } = envelope;
  if (subtype === "error_max_structured_output_retries") {
    return { kind: "failed", reason: "the model gave no answer that fits the schema" };
  }
  if (isTruthy(is_error)) {
    return { kind: "failed", reason: `the model's program failed: ${firstCharacters(String(result ?? ""), 200)}` };
  }
  if (isPlainObject(structured_output)) return { kind: "answer", value: structured_output };
  const value = isPlainObject(result) ? result : typeof result === "string" ? findObject(result) : null;
  if (value !== null) return { kind: "answer", value };
  return { kind: "unreadable", reason: "there is no JSON object in the result of the model's program" };
}

function findObject(text: string): PlainObject | null {
  const trimmed = text.trim();
  return parseObject(trimmed) ?? parseObject(lastLine(trimmed)) ?? parseFenced(trimmed) ?? parseEmbedded(trimmed);
}

function lastLine(text: string): string {
  return text.slice(text.lastIndexOf("\n") + 1);
}

function parseFenced(text: string): PlainObject | null {
  const blocks = text.split(/^```[^\n]*$/m).filter((_, index) => index % 2 === 1);
  return firstObject(blocks.reverse());
}

function parseEmbedded(text: string): PlainObject | null {
  const candidates: string[] = [];
  let index = text.indexOf("{");
  for (let tried = 0; index !== -1 && tried < maxObjects; tried += 1) {
    const end = endOfObject(text, index);
    if (end === -1) index = text.indexOf("{", index + 1);
    else {
      candidates.push(text.slice(index, end));
      index = text.indexOf("{", end);
    }
  }
  return firstObject(candidates.reverse());
}

/** Behind the brace that closes the one at `from`; -1 where none does. Braces in strings do not count. */
function endOfObject(text: string, from: number): number {
  const end = Math.min(text.length, from + maxObjectCharacters);
  let depth = 0;
  let inString = false;
  for (let index = from; index < end; index += 1) {
    const character = text[index];
    if (inString) {
      if (character === "\\") index += 1;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === "{") depth += 1;
    else if (character === "}") {
      depth -= 1;
      if (depth === 0) return index + 1;
    }
  }
  return -1;
}

function firstObject(candidates: readonly string[]): PlainObject | null {
  for (const candidate of candidates) {
    const value = parseObject(candidate);
    if (value !== null) return value;
  }
  return null;
}

function parseObject(text: string): PlainObject | null {
  try {
    const value = parseJson(text);
    return isPlainObject(value) ? value : null;
  } catch {
    // No JSON, or too deep: the next way to read it is tried.
    return null;
  }
}
