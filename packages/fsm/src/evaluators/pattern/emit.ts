import { pythonSpaces } from "../python/text.js";
import { type Category, type Flags, type Node, type SetItem, Untranslatable } from "./syntax.js";

const categories: Readonly<Record<"d" | "w" | "s", { readonly unicode: string; readonly ascii: string }>> = {
  d: { unicode: "\\p{Nd}", ascii: "0-9" },
  w: { unicode: "\\p{L}\\p{N}_", ascii: "0-9A-Za-z_" },
  s: { unicode: pythonSpaces, ascii: "\\t-\\r\\x20" },
};

/** A range that is larger is not gone through for letters that have another case. */
const maxRange = 2000;

/** The tree as a regular expression of JavaScript, for the flag `v`. */
export function emit(root: Node): { readonly source: string; readonly ignoreCase: boolean } {
  const cases = new Set(casesOf(root));
  const ignoreCase = cases.size === 1 && cases.has(true);
  return { source: new Emitter(cases.size > 1).emit(root), ignoreCase };
}

/** Of everything that has letters: whether its case matters. */
function casesOf(node: Node): boolean[] {
  switch (node.kind) {
    case "literal":
    case "set":
    case "reference":
      return [node.flags.i];
    case "sequence":
      return node.nodes.flatMap(casesOf);
    case "choice":
      return node.branches.flatMap(casesOf);
    case "any":
    case "anchor":
      return [];
    default:
      return casesOf(node.body);
  }
}

class Emitter {
  /** Where case matters in one part and not in another, each letter says both of its cases itself. */
  readonly #mixed: boolean;
  #helpers = 0;

  constructor(mixed: boolean) {
    this.#mixed = mixed;
  }

  emit(node: Node): string {
    switch (node.kind) {
      case "literal":
        return this.#bothCases(node.flags) ? `[${variants(node.code).map(character).join("")}]` : character(node.code);
      case "set":
        return this.#set(node.negated, node.items, node.flags);
      case "any":
        return node.flags.s ? "[^]" : "[^\\n]";
      case "anchor":
        return anchor(node.at, node.flags);
      case "sequence":
        return node.nodes.map((part) => this.emit(part)).join("");
      case "choice":
        return `(?:${node.branches.map((branch) => this.emit(branch)).join("|")})`;
      case "group":
        return node.index === null ? `(?:${this.emit(node.body)})` : `(?<g${node.index}>${this.emit(node.body)})`;
      case "look":
        return `(?${node.behind ? "<" : ""}${node.negative ? "!" : "="}${this.emit(node.body)})`;
      case "reference":
        if (this.#bothCases(node.flags)) throw mixedCase();
        return `\\k<g${node.index}>`;
      case "atomic":
        return this.#atomic(this.emit(node.body));
      case "repeat":
        return this.#repeat(node);
    }
  }

  #bothCases({ i }: Flags): boolean {
    return this.#mixed && i;
  }

  #set(negated: boolean, items: readonly SetItem[], flags: Flags): string {
    const parts = items.flatMap((item) => {
      if (typeof item === "string") return [category(item, flags)];
      return this.#bothCases(flags) ? [range(item), ...otherCases(item).map(character)] : [range(item)];
    });
    return `[${negated ? "^" : ""}${parts.join("")}]`;
  }

  #repeat({ min, max, mode, body }: Extract<Node, { kind: "repeat" }>): string {
    const bounds = max === Number.POSITIVE_INFINITY ? `{${min},}` : `{${min},${max}}`;
    const repeated = `(?:${this.emit(body)})${bounds}${mode === "lazy" ? "?" : ""}`;
    return mode === "possessive" ? this.#atomic(repeated) : repeated;
  }

  /** What a lookahead has found is not looked for again. */
  #atomic(source: string): string {
    this.#helpers += 1;
    return `(?:(?=(?<h${this.#helpers}>${source}))\\k<h${this.#helpers}>)`;
  }
}

function anchor(at: "^" | "$" | "A" | "Z" | "b" | "B", flags: Flags): string {
  switch (at) {
    case "A":
      return "(?<![^])";
    case "Z":
      return "(?![^])";
    case "^":
      return flags.m ? "(?<![^\\n])" : "(?<![^])";
    case "$":
      return flags.m ? "(?![^\\n])" : "(?=\\n?(?![^]))";
    default: {
      const word = category("w", flags);
      const same = `(?<=${word})(?=${word})|(?<!${word})(?!${word})`;
      const other = `(?<=${word})(?!${word})|(?<!${word})(?=${word})`;
      // Python has neither in the empty text.
      return at === "b" ? `(?:${other})` : `(?:(?!(?<![^])(?![^]))(?:${same}))`;
    }
  }
}

function category(letter: Category, { a }: Flags): string {
  const lower = letter.toLowerCase() as "d" | "w" | "s";
  return `[${letter === lower ? "" : "^"}${categories[lower][a ? "ascii" : "unicode"]}]`;
}

function range([from, to]: readonly [number, number]): string {
  return from === to ? character(from) : `${character(from)}-${character(to)}`;
}

function character(code: number): string {
  const text = String.fromCodePoint(code);
  return /^[0-9A-Za-z]$/.test(text) ? text : `\\u{${code.toString(16)}}`;
}

/** A letter in its cases, itself among them. */
function variants(code: number): number[] {
  const text = String.fromCodePoint(code);
  const single = [text, text.toLowerCase(), text.toUpperCase()].filter((form) => [...form].length === 1);
  return [...new Set(single.map((form) => form.codePointAt(0) ?? code))];
}

function otherCases([from, to]: readonly [number, number]): number[] {
  if (to - from > maxRange) throw mixedCase();
  const codes = Array.from({ length: to - from + 1 }, (_, offset) => from + offset);
  return codes.flatMap(variants).filter((code) => code < from || code > to);
}

function mixedCase(): Untranslatable {
  return new Untranslatable("(?i) holds for one part of it and not for another: write both cases out, as [Aa]");
}
