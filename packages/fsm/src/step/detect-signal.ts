/** What an action says about the loop, in its standard output. */
export interface Signal {
  /** Its context is used up; nothing can go on; the loop is to stop in good order. */
  readonly kind: "handoff" | "error" | "stop";
  /** The line behind the mark, trimmed. */
  readonly payload: string;
}

/** In the order of their priority, wherever they stand. */
const marks = [
  { kind: "handoff", mark: "CONTEXT_HANDOFF:", needsText: true },
  { kind: "error", mark: "FATAL_ERROR:", needsText: true },
  { kind: "stop", mark: "LOOP_STOP:", needsText: false },
] as const;

/**
 * The signal in an output: `CONTEXT_HANDOFF: <text>`, `FATAL_ERROR: <text>` or `LOOP_STOP: [text]`, in this priority;
 * of one kind the first. A mark may stand anywhere in a line, and its text on a later line if there is only white space
 * between. One that needs a text and has none is no signal. Linear time.
 */
export function detectSignal(output: string): Signal | null {
  for (const { kind, mark, needsText } of marks) {
    for (let at = output.indexOf(mark); at !== -1; at = output.indexOf(mark, at + mark.length)) {
      const payload = lineFrom(output, at + mark.length);
      if (payload !== "" || !needsText) return { kind, payload };
    }
  }
  return null;
}

/** The next line that has text on it, trimmed. */
function lineFrom(output: string, behindMark: number): string {
  let start = behindMark;
  while (start < output.length && isSpace(output.charCodeAt(start))) start++;
  const lineEnd = output.indexOf("\n", start);
  let end = lineEnd === -1 ? output.length : lineEnd;
  while (end > start && isSpace(output.charCodeAt(end - 1))) end--;
  return output.slice(start, end);
}

/** White space as Python knows it, where the marks come from: `\s` of JavaScript lacks four and has one more. */
function isSpace(code: number): boolean {
  if (code <= 0x20) return (code >= 0x09 && code <= 0x0d) || code >= 0x1c;
  if (code < 0x1680) return code === 0x85 || code === 0xa0;
  return (
    (code >= 0x2000 && code <= 0x200a) ||
    code === 0x1680 ||
    code === 0x2028 ||
    code === 0x2029 ||
    code === 0x202f ||
    code === 0x205f ||
    code === 0x3000
  );
}
