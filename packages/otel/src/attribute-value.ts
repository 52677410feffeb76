import type { Attributes, AttributeValue } from "@opentelemetry/api";

/** Attributes in the making; `undefined` is no attribute. */
export type MutableAttributes = { [name: string]: AttributeValue | undefined };

/** A text with at most `max` UTF-16 units, the last of them `…` where something was cut off. No surrogate pair is cut. */
export function boundedText(text: string, max: number): string {
  if (text.length <= max) return text;
  const unit = text.charCodeAt(max - 2);
  const isHalf = unit >= 0xd800 && unit <= 0xdbff;
  return `${ownPart(text, Math.max(0, isHalf ? max - 2 : max - 1))}…`;
}

/** The beginning of a text, as a copy: a slice would keep all of the text in memory, for as long as a span waits. */
export function ownPart(text: string, end: number): string {
  return Buffer.from(text.slice(0, end), "utf16le").toString("utf16le");
}

/**
 * A field of an event as an attribute: text, numbers and booleans as they are, anything else as JSON. `undefined` for
 * what has no value: `null`, `NaN`, a function.
 */
export function attributeValue(value: unknown, max: number): AttributeValue | undefined {
  switch (typeof value) {
    case "string":
      return value.length <= max ? value : boundedText(value, max);
    case "number":
      return Number.isFinite(value) ? value : undefined;
    case "boolean":
      return value;
    case "bigint":
      return boundedText(String(value), max);
    case "object":
      return value === null ? undefined : asJson(value, max);
    default:
      return undefined;
  }
}

/** About what attributes take in memory. */
export function attributesBytes(attributes: Attributes): number {
  let size = 0;
  for (const name in attributes) {
    const value = attributes[name];
    size += 32 + name.length + (typeof value === "string" ? value.length : 8);
  }
  return size;
}

function asJson(value: object, max: number): string | undefined {
  try {
    const json: unknown = JSON.stringify(value);
    return typeof json === "string" ? boundedText(json, max) : undefined;
  } catch {
    // A cycle, a BigInt or a getter inside. The other fields are still of use.
    return "[cannot be shown]";
  }
}
