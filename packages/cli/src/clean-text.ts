import { stripVTControlCharacters } from "node:util";

/** Control characters but the tab, and those that turn the direction of writing: nobody sees what they do to a line. */
const unseen = /[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu;

/**
 * One line of text that others wrote, so that it is one line on a terminal, too, and does nothing there: sequences for
 * terminals are left out, and what is left of control characters is shown as `\x1b`, `\r` and so on. Of any value: what
 * was read from a file need not have the type that it should.
 */
export function cleanLine(text: unknown): string {
  return stripVTControlCharacters(String(text).replace(/\r+$/, "")).replace(unseen, (character) => {
    if (character === "\t") return character;
    if (character === "\n") return "\\n";
    if (character === "\r") return "\\r";
    const code = character.charCodeAt(0);
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16)}`;
  });
}

/** The same of several lines. */
export function cleanText(text: string): string {
  return text.split("\n").map(cleanLine).join("\n");
}
