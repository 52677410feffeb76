/** What Python counts as white space: not quite what JavaScript does. */
export const pythonSpaces = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";

const leading = new RegExp(`^[${pythonSpaces}]+`);
const isSpace = new RegExp(`[${pythonSpaces}]`);

/** `str.strip()`. Linear time, which a pattern anchored at the end is not. */
export function strip(text: string): string {
  let end = text.length;
  while (end > 0 && isSpace.test(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end).replace(leading, "");
}

/** The first `count` characters: whole ones, so that no half of a surrogate pair is left. */
export function firstCharacters(text: string, count: number): string {
  if (text.length <= count) return text;
  // No character takes more than two units.
  return [...text.slice(0, 2 * count)].slice(0, count).join("");
}

/** The last `count` characters, whole ones. */
export function lastCharacters(text: string, count: number): string {
  if (text.length <= count) return text;
  // One unit more: a pair that is cut in two at the front must not count.
  return [...text.slice(-2 * count - 1)].slice(-count).join("");
}
