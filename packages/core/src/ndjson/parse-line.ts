import { isUtf8 } from "node:buffer";

/** Why a line is no record. `too_long`: over the reader's bound. */
export type BadLineReason = "too_long" | "not_utf8" | "not_json" | "not_an_object";

export type ParsedLine =
  | { readonly kind: "record"; readonly value: Record<string, unknown> }
  | { readonly kind: "blank" }
  | { readonly kind: "bad"; readonly reason: BadLineReason };

const blank: ParsedLine = { kind: "blank" };
const bad = (reason: BadLineReason): ParsedLine => ({ kind: "bad", reason });

/**
 * One line of NDJSON as a record. Takes what lenient writers make: a byte order mark, CRLF, blanks, ASCII escapes,
 * and bare `NaN` and `Infinity`, which become `null`. Never throws.
 */
export function parseLine(bytes: Buffer | null): ParsedLine {
  if (bytes === null) return bad("too_long");
  if (!isUtf8(bytes)) return bad("not_utf8");
  const text = bytes.toString("utf8");
  const json = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  const value = parseJson(json);
  if (value === undefined) return json.trim() === "" ? blank : bad("not_json");
  if (typeof value !== "object" || value === null || Array.isArray(value)) return bad("not_an_object");
  return { kind: "record", value: value as Record<string, unknown> };
}

/** `undefined` where `text` is no JSON, which no JSON text means. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Some writers put NaN and Infinity bare. Only a line that failed pays for looking.
    return /NaN|Infinity/.test(text) ? parseStrict(withoutBareNumbers(text)) : undefined;
  }
}

function parseStrict(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // The caller reports the line as bad.
  }
}

/** Replaces `NaN`, `Infinity` and `-Infinity` outside of string literals by `null`. */
function withoutBareNumbers(text: string): string {
  let result = "";
  let from = 0;
  while (from < text.length) {
    const quote = text.indexOf('"', from);
    const outside = quote === -1 ? text.length : quote;
    result += text.slice(from, outside).replace(/-?Infinity|NaN/g, "null");
    from = quote === -1 ? text.length : endOfString(text, quote);
    result += text.slice(outside, from);
  }
  return result;
}

/** Index behind the string literal that begins at `quote`. */
function endOfString(text: string, quote: number): number {
  for (let index = quote + 1; index < text.length; index += 1) {
    const char = text[index];
    if (char === "\\") index += 1;
    else if (char === '"') return index + 1;
  }
  return text.length;
}
