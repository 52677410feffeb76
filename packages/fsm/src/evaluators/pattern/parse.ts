import { type Escape, readEscape, readSetEscape } from "./escapes.js";
import { Scanner } from "./scanner.js";
import { type Flags, type Node, NotAPattern, type SetItem, Untranslatable } from "./syntax.js";

/** Far from where going through the tree could overflow the stack. */
const maxNesting = 100;

const noFlags: Flags = { i: false, m: false, s: false, x: false, a: false };

/**
 * Reads a regular expression by the rules of Python 3.11's `re`.
 * @throws NotAPattern where Python would not compile it
 * @throws Untranslatable for what has no counterpart
 */
export function parsePattern(pattern: string): Node {
  return new Parser(pattern).parse();
}

class Parser {
  readonly #scanner: Scanner;
  readonly #names = new Map<string, number>();
  /** Groups that were begun and not ended: nothing can refer to them yet. */
  readonly #open = new Set<number>();
  /** Groups begun before the lookbehind that is being read: only those can be referred to in it. */
  #referable = Number.POSITIVE_INFINITY;
  #groups = 0;
  #nesting = 0;
  /** The groups that conditionals ask about. Only at the end is it known whether these groups are there at all. */
  readonly #conditions = new Set<number>();

  constructor(pattern: string) {
    this.#scanner = new Scanner(pattern);
  }

  parse(): Node {
    const node = this.#choice(this.#globalFlags(noFlags));
    if (this.#scanner.next !== "") throw new NotAPattern();
    for (const index of this.#conditions) {
      if (index === 0 || index > this.#groups) throw new NotAPattern();
      throw new Untranslatable(`"(?(${index})...)" asks whether a group took part: write both cases out`);
    }
    return node;
  }

  /** `(?im)`, as often as it comes at the very beginning. */
  #globalFlags(before: Flags): Flags {
    const scanner = this.#scanner;
    let flags = before;
    for (;;) {
      this.#skipBlank(flags);
      if (scanner.takeText("(?#")) {
        this.#skipComment();
        continue;
      }
      const mark = scanner.mark();
      const letters = scanner.takeText("(?") ? scanner.takeWhile(/[aimsux]/) : "";
      if (letters === "" || !scanner.takeText(")")) {
        scanner.backTo(mark);
        return flags;
      }
      flags = withFlags(flags, letters, "");
    }
  }

  #choice(flags: Flags): Node {
    this.#nesting += 1;
    if (this.#nesting > maxNesting) throw new Untranslatable(`it is nested more than ${maxNesting} deep`);
    const branches = [this.#sequence(flags)];
    while (this.#scanner.takeText("|")) branches.push(this.#sequence(flags));
    this.#nesting -= 1;
    const [first] = branches;
    return branches.length === 1 && first !== undefined ? first : { kind: "choice", branches };
  }

  #sequence(flags: Flags): Node {
    const scanner = this.#scanner;
    const nodes: Node[] = [];
    for (;;) {
      this.#skipBlank(flags);
      if (scanner.next === "" || scanner.next === "|" || scanner.next === ")") return { kind: "sequence", nodes };
      const bounds = this.#quantifier();
      if (bounds === null) {
        const node = this.#item(flags);
        if (node !== null) nodes.push(node);
        continue;
      }
      const body = nodes.pop();
      if (body === undefined || body.kind === "anchor" || body.kind === "repeat") throw new NotAPattern();
      const [min, max] = bounds;
      const mode = scanner.takeText("?") ? "lazy" : scanner.takeText("+") ? "possessive" : "greedy";
      nodes.push({ kind: "repeat", min, max, mode, body });
    }
  }

  #skipBlank({ x }: Flags): void {
    const scanner = this.#scanner;
    while (x && /^[\t-\r #]$/.test(scanner.next)) {
      if (scanner.take() === "#") scanner.takeWhile(/[^\n]/);
    }
  }

  #skipComment(): void {
    this.#scanner.takeWhile(/[^)]/);
    if (!this.#scanner.takeText(")")) throw new NotAPattern();
  }

  /** How often what comes before is to be repeated; `null` where that is not what follows. */
  #quantifier(): readonly [min: number, max: number] | null {
    const scanner = this.#scanner;
    if (scanner.takeText("*")) return [0, Number.POSITIVE_INFINITY];
    if (scanner.takeText("+")) return [1, Number.POSITIVE_INFINITY];
    if (scanner.takeText("?")) return [0, 1];
    const mark = scanner.mark();
    if (!scanner.takeText("{")) return null;
    const low = scanner.takeWhile(/\d/);
    const high = scanner.takeText(",") ? scanner.takeWhile(/\d/) : low;
    const isEmpty = scanner.mark() === mark + 1;
    if (isEmpty || !scanner.takeText("}")) {
      // Then the brace is itself.
      scanner.backTo(mark);
      return null;
    }
    const [min, max] = [Number(low), high === "" ? Number.POSITIVE_INFINITY : Number(high)];
    if (max < min) throw new NotAPattern();
    return [min, max];
  }

  /** One thing that can be repeated; `null` for what means nothing, as a comment. */
  #item(flags: Flags): Node | null {
    const character = this.#scanner.take();
    switch (character) {
      case "\\":
        return this.#escaped(readEscape(this.#scanner), flags);
      case "[":
        return this.#set(flags);
      case "(":
        return this.#group(flags);
      case ".":
        return { kind: "any", flags };
      case "^":
      case "$":
        return { kind: "anchor", at: character, flags };
      default:
        return { kind: "literal", code: character.codePointAt(0) ?? 0, flags };
    }
  }

  #escaped(escaped: Escape, flags: Flags): Node {
    switch (escaped.kind) {
      case "literal":
        return { ...escaped, flags };
      case "anchor":
        return { ...escaped, flags };
      case "category":
        return { kind: "set", negated: false, items: [escaped.category], flags };
      case "reference":
        return this.#reference(escaped.index, flags);
    }
  }

  #reference(index: number, flags: Flags): Node {
    const isThere = index <= this.#groups && !this.#open.has(index) && index <= this.#referable;
    if (!isThere) throw new NotAPattern();
    return { kind: "reference", index, flags };
  }

  #set(flags: Flags): Node {
    const scanner = this.#scanner;
    const negated = scanner.takeText("^");
    const items: SetItem[] = [];
    for (let isFirst = true; isFirst || !scanner.takeText("]"); isFirst = false) {
      const from = this.#setItem();
      const mark = scanner.mark();
      if (!scanner.takeText("-")) items.push(from);
      else if (scanner.next === "]") {
        // A hyphen at the end is itself.
        scanner.backTo(mark);
        items.push(from);
      } else items.push(rangeOf(from, this.#setItem()));
    }
    return { kind: "set", negated, items, flags };
  }

  #setItem(): SetItem {
    const character = this.#scanner.take();
    if (character === "") throw new NotAPattern();
    const escaped: Escape =
      character === "\\" ? readSetEscape(this.#scanner) : { kind: "literal", code: character.codePointAt(0) ?? 0 };
    if (escaped.kind === "category") return escaped.category;
    if (escaped.kind === "literal") return [escaped.code, escaped.code];
    throw new NotAPattern();
  }

  #group(flags: Flags): Node | null {
    const scanner = this.#scanner;
    if (!scanner.takeText("?")) return this.#capturing(null, flags);
    if (scanner.takeText("P<")) return this.#capturing(this.#name(">"), flags);
    if (scanner.takeText("P=")) {
      const index = this.#names.get(this.#name(")"));
      if (index === undefined) throw new NotAPattern();
      return this.#reference(index, flags);
    }
    if (scanner.takeText("#")) {
      this.#skipComment();
      return null;
    }
    if (scanner.takeText(":")) return { kind: "group", index: null, body: this.#body(flags) };
    if (scanner.takeText(">")) return { kind: "atomic", body: this.#body(flags) };
    if (scanner.takeText("(")) return this.#conditional(flags);
    for (const behind of [false, true]) {
      for (const negative of [false, true]) {
        if (scanner.takeText(`${behind ? "<" : ""}${negative ? "!" : "="}`)) return this.#look(behind, negative, flags);
      }
    }
    const [on, off] = this.#scopedFlags();
    return { kind: "group", index: null, body: this.#body(withFlags(flags, on, off)) };
  }

  /** What is inside a group, and its end. */
  #body(flags: Flags): Node {
    const body = this.#choice(flags);
    if (!this.#scanner.takeText(")")) throw new NotAPattern();
    return body;
  }

  #capturing(name: string | null, flags: Flags): Node {
    this.#groups += 1;
    const index = this.#groups;
    if (name !== null) {
      if (this.#names.has(name)) throw new NotAPattern();
      this.#names.set(name, index);
    }
    this.#open.add(index);
    const body = this.#body(flags);
    this.#open.delete(index);
    return { kind: "group", index, body };
  }

  #name(end: string): string {
    const name = this.#scanner.takeWhile(/[\p{L}\p{N}_]/u);
    if (!/^[\p{L}_]/u.test(name) || !this.#scanner.takeText(end)) throw new NotAPattern();
    return name;
  }

  #look(behind: boolean, negative: boolean, flags: Flags): Node {
    const outer = this.#referable;
    if (behind) this.#referable = Math.min(outer, this.#groups);
    const body = this.#body(flags);
    this.#referable = outer;
    return { kind: "look", behind, negative, body };
  }

  /** `(?(1)yes|no)`: read, because what follows may be no pattern at all, in which case all of it is plain text. */
  #conditional(flags: Flags): Node {
    const name = this.#scanner.takeWhile(/[^)]/);
    const index = /^\d+$/.test(name) ? Number(name) : this.#names.get(name);
    if (index === undefined || !this.#scanner.takeText(")")) throw new NotAPattern();
    this.#conditions.add(index);
    const body = this.#body(flags);
    if (body.kind === "choice" && body.branches.length > 2) throw new NotAPattern();
    return body;
  }

  #scopedFlags(): readonly [on: string, off: string] {
    const on = this.#scanner.takeWhile(/[aimsux]/);
    const isOff = this.#scanner.takeText("-");
    const off = isOff ? this.#scanner.takeWhile(/[imsx]/) : "";
    const isContrary = [...off].some((letter) => on.includes(letter)) || (on.includes("a") && on.includes("u"));
    // Flags for all of the pattern, `(?i)`, are an error anywhere but in front.
    if ((on === "" && !isOff) || (isOff && off === "") || isContrary || !this.#scanner.takeText(":")) {
      throw new NotAPattern();
    }
    return [on, off];
  }
}

function rangeOf(from: SetItem, to: SetItem): SetItem {
  if (typeof from === "string" || typeof to === "string" || from[0] > to[0]) throw new NotAPattern();
  return [from[0], to[0]];
}

/** `u`, the default, takes `a` back. */
function withFlags(flags: Flags, on: string, off: string): Flags {
  const is = (letter: "i" | "m" | "s" | "x") => (flags[letter] || on.includes(letter)) && !off.includes(letter);
  const a = (flags.a || on.includes("a")) && !on.includes("u");
  return { i: is("i"), m: is("m"), s: is("s"), x: is("x"), a };
}
