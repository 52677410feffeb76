import { boundedText, ownPart } from "./attribute-value.js";

const maxNameLength = 120;

/** The first line of what a span is about, bounded; `fallback` where it is about nothing. */
export function nameOf(value: unknown, fallback: string): string {
  if (typeof value !== "string") return fallback;
  const text = value.trimStart();
  const end = text.indexOf("\n");
  const line = end < 0 ? text : `${ownPart(text, Math.min(end, maxNameLength)).trimEnd()}…`;
  return line === "" ? fallback : boundedText(line, maxNameLength);
}
