/** Of one event so much text is indexed, in characters: it bounds the time that a batch takes. */
export const maxIndexedChars = 16_384;

/** These say which event it is, not what it says. */
const identifying = new Set(["event", "ts", "id", "loop", "state", "run_id", "parent_run_id"]);

/**
 * What is found of an event by its words: loop, state, name, and its texts, among them actions, output lines and the
 * error. On SQLite the view `search_content` says the same.
 */
export function indexedText(
  loop: string | null,
  state: string | null,
  event: Readonly<Record<string, unknown>>,
): string {
  const parts: unknown[] = [loop, state, event["event"]];
  for (const [key, value] of Object.entries(event)) {
    if (typeof value === "string" && !identifying.has(key)) parts.push(value);
  }
  const { error } = event;
  if (typeof error === "object" && error !== null) {
    const { type, message } = error as Record<string, unknown>;
    parts.push(type, message);
  }
  return parts
    .filter((part) => typeof part === "string")
    .join(" ")
    .slice(0, maxIndexedChars);
}

/**
 * Words much as FTS5's `unicode61` makes them: letters and digits, without case and accents. What PostgreSQL indexes,
 * and is asked for, is made of these, because its own parser takes `src/app.ts` for one word.
 */
export function wordsOf(text: string): string[] {
  return (
    text
      .normalize("NFD")
      .replace(/\p{M}+/gu, "")
      .toLowerCase()
      .match(/[\p{L}\p{N}\p{Co}]+/gu) ?? []
  );
}
