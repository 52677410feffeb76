import type { Scanner } from "./scanner.js";
import { type Category, NotAPattern, Untranslatable } from "./syntax.js";

const controls: Readonly<Record<string, number>> = { a: 7, f: 12, n: 10, r: 13, t: 9, v: 11 };
const hexDigits: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

export type Escape =
  | { readonly kind: "literal"; readonly code: number }
  | { readonly kind: "category"; readonly category: Category }
  | { readonly kind: "anchor"; readonly at: "A" | "Z" | "b" | "B" }
  | { readonly kind: "reference"; readonly index: number };

/** What follows a backslash outside of sets. */
export function readEscape(scanner: Scanner): Escape {
  const letter = scanner.take();
  if (/[AZbB]/.test(letter)) return { kind: "anchor", at: letter as "A" | "Z" | "b" | "B" };
  if (letter === "0") return { kind: "literal", code: Number.parseInt(`0${scanner.takeWhile(/[0-7]/, 2)}`, 8) };
  if (/[1-9]/.test(letter)) return readNumber(letter, scanner);
  return readCommon(letter, scanner);
}

/** What follows a backslash in a set: `\b` is the backspace, and digits are octal. */
export function readSetEscape(scanner: Scanner): Escape {
  const letter = scanner.take();
  if (letter === "b") return { kind: "literal", code: 8 };
  if (/[0-7]/.test(letter)) return literalOctal(letter + scanner.takeWhile(/[0-7]/, 2));
  return readCommon(letter, scanner);
}

/** A group by its number, or three octal digits. */
function readNumber(first: string, scanner: Scanner): Escape {
  const second = scanner.takeWhile(/\d/, 1);
  if (/^[0-7]{2}$/.test(first + second)) {
    const third = scanner.takeWhile(/[0-7]/, 1);
    if (third !== "") return literalOctal(first + second + third);
  }
  return { kind: "reference", index: Number(first + second) };
}

function literalOctal(digits: string): Escape {
  const code = Number.parseInt(digits, 8);
  if (code > 0o377) throw new NotAPattern();
  return { kind: "literal", code };
}

function readCommon(letter: string, scanner: Scanner): Escape {
  if (/[dDwWsS]/.test(letter)) return { kind: "category", category: letter as Category };
  const control = Object.hasOwn(controls, letter) ? controls[letter] : undefined;
  if (control !== undefined) return { kind: "literal", code: control };
  const length = Object.hasOwn(hexDigits, letter) ? hexDigits[letter] : undefined;
  if (length !== undefined) {
    const digits = scanner.takeWhile(/[\da-fA-F]/, length);
    const code = Number.parseInt(digits, 16);
    if (digits.length < length || code > 0x10ffff) throw new NotAPattern();
    return { kind: "literal", code };
  }
  if (letter === "N") throw new Untranslatable("\\N{...} names a character: write the character itself");
  // Letters and digits are kept for later meanings; everything else is itself.
  if (letter === "" || /[a-zA-Z\d]/.test(letter)) throw new NotAPattern();
  return { kind: "literal", code: letter.codePointAt(0) ?? 0 };
}
