const words = new Map<unknown, string>([
  [null, "None"],
  [undefined, "None"],
  [true, "True"],
  [false, "False"],
]);
const shortEscapes: Readonly<Record<string, string>> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };
/** What Python does not print as it is: controls, formats, halves of pairs, what has no meaning, spaces but one. */
const unprintable = /[\\\p{C}\p{Z}]/gu;

/** How Python writes plain data inside of a list: `{'a': [1, True, None]}`. @throws TypeError for a cycle */
export function pythonRepr(value: unknown): string {
  return repr(value, []);
}

function repr(value: unknown, inside: readonly object[]): string {
  const word = words.get(value);
  if (word !== undefined) return word;
  if (typeof value === "string") return quote(value);
  if (typeof value === "number") return pythonNumber(value);
  if (typeof value !== "object" || value === null) return String(value);
  if (inside.includes(value)) throw new TypeError("it is part of itself");
  const within = [...inside, value];
  if (Array.isArray(value)) return `[${value.map((item) => repr(item, within)).join(", ")}]`;
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return `{${entries.map(([key, item]) => `${quote(key)}: ${repr(item, within)}`).join(", ")}}`;
}

/**
 * A number as Python writes it. With a fraction it is a float there, whose exponent has two digits and begins below
 * 0.0001; without one it is written as an integer.
 */
export function pythonNumber(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (Number.isInteger(value) || Math.abs(value) >= 1e-4) return Object.is(value, -0) ? "-0.0" : String(value);
  const [digits = "", exponent = ""] = value.toExponential().split("e-");
  return `${digits}e-${exponent.padStart(2, "0")}`;
}

/** Single quotes, unless there are such in the text and no double ones. */
function quote(text: string): string {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replace(unprintable, escapeCharacter);
  return mark + (mark === "'" ? escaped.replaceAll("'", "\\'") : escaped) + mark;
}

function escapeCharacter(character: string): string {
  if (character === " ") return character;
  const short = shortEscapes[character];
  if (short !== undefined) return short;
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  if (code <= 0xff) return `\\x${hex.padStart(2, "0")}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, "0")}` : `\\U${hex.padStart(8, "0")}`;
}
