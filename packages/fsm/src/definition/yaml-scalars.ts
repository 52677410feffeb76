/** What a scalar without quotes means, and what a reader of it may not expect. */
export interface PlainValue {
  readonly value: string | number | boolean | null;
  /** How YAML 1.2 and most people would read it differently. */
  readonly surprise?: string;
}

/**
 * The value of a scalar without quotes by the rules of YAML 1.1, in which loop files are written: `yes` and `off` are
 * booleans, `010` is eight, `1_000` a thousand and `1:30` ninety. Dates and times stay text, `1e3` (no dot, no sign)
 * is text there too, and so is an integer that a number cannot hold exactly.
 */
export function plainValue(source: string): PlainValue {
  const word = words.get(source);
  if (word !== undefined) return { value: word };
  if (!/^[-+.\d]/.test(source)) return { value: source };
  return integer(source) ?? float(source) ?? { value: source };
}

const words: ReadonlyMap<string, boolean | null> = new Map([
  ...["yes", "on", "true"].flatMap(inEachCase).map((word): [string, boolean] => [word, true]),
  ...["no", "off", "false"].flatMap(inEachCase).map((word): [string, boolean] => [word, false]),
  ...["null"].flatMap(inEachCase).map((word): [string, null] => [word, null]),
  ["~", null],
  ["", null],
]);

/** A boolean for the words that YAML 1.1 has for one. */
export function booleanWord(text: string): boolean | null {
  return words.get(text) ?? null;
}

function inEachCase(word: string): string[] {
  return [word, word.charAt(0).toUpperCase() + word.slice(1), word.toUpperCase()];
}

const radixes = [
  { pattern: /^[-+]?0b[01_]+$/, prefix: "0b", base: 2 },
  { pattern: /^[-+]?0x[\da-fA-F_]+$/, prefix: "0x", base: 16 },
  { pattern: /^[-+]?0[0-7_]+$/, prefix: "0", base: 8 },
] as const;

function integer(source: string): PlainValue | null {
  const negative = source.startsWith("-");
  const digits = source.replace(/^[-+]/, "").replaceAll("_", "");
  const signed = (value: number): PlainValue => {
    if (Number.isSafeInteger(value)) return { value: negative && value !== 0 ? -value : value };
    return { value: source, surprise: "is too large for a number and is kept as text. Put it in quotes" };
  };
  if (/^[-+]?(?:0|[1-9][\d_]*)$/.test(source)) return signed(Number(digits));
  for (const { pattern, prefix, base } of radixes) {
    if (!pattern.test(source)) continue;
    const body = digits.slice(prefix.length);
    if (body === "") return prefix === "0" ? { value: 0 } : null;
    const read = signed(Number.parseInt(body, base));
    return base === 8 && /[1-7]/.test(body) ? { surprise: octal(read.value), ...read } : read;
  }
  if (/^[-+]?[1-9][\d_]*(?::[0-5]?\d)+$/.test(source)) {
    const read = signed(inBase60(digits));
    return { surprise: sexagesimal(read.value), ...read };
  }
  return null;
}

function float(source: string): PlainValue | null {
  if (/^[-+]?\.(?:inf|Inf|INF)$/.test(source)) return { value: source.startsWith("-") ? -Infinity : Infinity };
  if (/^\.(?:nan|NaN|NAN)$/.test(source)) return { value: Number.NaN };
  const digits = source.replaceAll("_", "");
  if (/^[-+]?\d[\d_]*\.[\d_]*(?:[eE][-+]\d+)?$/.test(source)) return { value: Number(digits) };
  if (/^\.\d[\d_]*(?:[eE][-+]\d+)?$/.test(source)) return { value: Number(digits) };
  if (!/^[-+]?\d[\d_]*(?::[0-5]?\d)+\.[\d_]*$/.test(source)) return null;
  const value = inBase60(digits.replace(/^[-+]/, "")) * (digits.startsWith("-") ? -1 : 1);
  return { value, surprise: sexagesimal(value) };
}

function inBase60(digits: string): number {
  return digits.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
}

function octal(value: PlainValue["value"]): string {
  return `is the octal number ${value}, because it begins with 0. Write ${value}, or put it in quotes`;
}

function sexagesimal(value: PlainValue["value"]): string {
  return `is the number ${value}, because digits with colons between them count in sixties. Write ${value}, or put it in quotes`;
}
