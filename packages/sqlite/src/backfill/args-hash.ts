import { createHash } from "node:crypto";

/**
 * What `args_hash` of a `tool.used` event is: 16 hex digits of the SHA-256 of the arguments as JSON with sorted keys.
 * A blank behind commas and colons, and only ASCII, so that the hashes of older rows are the same.
 */
export function argsHash(args: unknown): string {
  return createHash("sha256").update(sortedJson(args)).digest("hex").slice(0, 16);
}

function sortedJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sortedJson).join(", ")}]`;
  if (typeof value !== "object" || value === null) return asciiJson(value);
  const entries = Object.entries(value).filter(([, one]) => one !== undefined);
  entries.sort(([a], [b]) => byCodePoints(a, b));
  return `{${entries.map(([key, one]) => `${asciiJson(key)}: ${sortedJson(one)}`).join(", ")}}`;
}

const asciiJson = (value: unknown) =>
  (JSON.stringify(value) ?? "null").replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );

function byCodePoints(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
