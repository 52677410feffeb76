import { firstCharacters } from "./python/text.js";

/** The beginning of a text, quoted, for a detail `error`. */
export function excerpt(text: string, length = 100): string {
  return JSON.stringify(firstCharacters(text, length));
}
