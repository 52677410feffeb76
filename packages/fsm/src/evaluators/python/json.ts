import { strip } from "./text.js";

/** A string, even one that never ends, or a bare word that JSON does not have. */
const stringOrWord = /"(?:[^"\\]|\\.)*"?|(?<![\w.])(-?Infinity|NaN)(?![\w.]|\s*:)/gs;

/** Near where Python gives up, and far from where writing it down again would overflow the stack. */
const maxDepth = 900;

/** `JSON.parse` of what can be worked with afterwards. @throws SyntaxError also where it is nested too deeply */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  if (isDeeper(value, maxDepth)) throw new SyntaxError(`it is nested deeper than ${maxDepth} levels`);
  return value;
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((item) => isDeeper(item, levels - 1));
}

/**
 * `json.loads(text)` of Python: JSON, and `NaN`, `Infinity`, `-Infinity` as numbers. Whole numbers beyond 2^53 lose
 * digits.
 * @throws SyntaxError also where it is nested deeper than 900 levels
 */
export function pythonJson(text: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    if (!/NaN|Infinity/.test(text)) throw error;
    return parseWithWords(text);
  }
}

function parseWithWords(text: string): unknown {
  // A string that is nowhere in the text stands for NaN, which no JSON number becomes; 1e999 becomes infinite.
  let nan = "NaN";
  while (text.includes(`"${nan}"`)) nan += "!";
  const json = text.replace(stringOrWord, (match, word?: string) => {
    if (word === undefined) return match;
    return word === "NaN" ? `"${nan}"` : word.replace("Infinity", "1e999");
  });
  parseJson(json);
  return JSON.parse(json, function (this: unknown, _key, value: unknown) {
    return value === nan ? Number.NaN : value;
  });
}

/** The same with white space around that JSON does not know; nothing at all is an empty mapping. */
export function pythonJsonOrEmpty(text: string): unknown {
  const trimmed = strip(text);
  return trimmed === "" ? {} : pythonJson(trimmed);
}

/** A copy that JSON holds: what is not finite becomes `null`. */
export function jsonValue(value: unknown): unknown {
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  return typeof value === "object" && value !== null ? JSON.parse(JSON.stringify(value)) : value;
}

/** What `if value:` of Python asks: empty lists and mappings are false. */
export function isTruthy(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return Boolean(value) || Number.isNaN(value);
  return Object.keys(value).length > 0;
}

/** `==` of Python for JSON: `true` equals 1, `false` equals 0, lists and mappings by what is in them. */
export function isEqual(a: unknown, b: unknown): boolean {
  const [x, y] = [asNumber(a), asNumber(b)];
  if (x !== null || y !== null) return x === y;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return a === b;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every(
      (key) =>
        Object.hasOwn(b, key) && isEqual((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]),
    )
  );
}

/** A number, or a boolean as the number it is in Python; `null` for all else. */
export function asNumber(value: unknown): number | null {
  if (typeof value === "boolean") return value ? 1 : 0;
  return typeof value === "number" ? value : null;
}
