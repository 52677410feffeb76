/** What is stored of an event's JSON. */
export interface StoredJson {
  /**
   * For questions: with U+FFFD for NUL and lone surrogates, which `jsonb` refuses and at which some drivers end a text,
   * and without the colours of terminals, which would hide the word behind them from a search.
   */
  readonly json: string;
  /** The exact text; `null` where that is `json`. */
  readonly raw: string | null;
}

/** A sequence for a terminal (ECMA-48), or any other escape: what follows a backslash must not be taken for one's beginning. */
const escapes = /\\u001b\[[0-9;?]*[a-z]|\\(?:u[0-9a-f]{4}|.)/gi;
const unstorable = /^\\u(?:0000|d[89a-f][0-9a-f]{2})$/i;

export function storedJson(text: string): StoredJson {
  // Compact JSON escapes these and little else, so that nearly all events end here.
  if (!text.includes("\\u")) return { json: text, raw: null };
  const json = text.replace(escapes, (one) => {
    if (one.length > 6) return "";
    return unstorable.test(one) ? "\\ufffd" : one;
  });
  return { json, raw: json === text ? null : text };
}

/** A text as a column can have it. */
export function storedText(text: string): string {
  return text.replace(/\p{Cs}/gu, "\ufffd").replaceAll("\0", "\ufffd");
}
