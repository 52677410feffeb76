import type * as z from "zod";
import { isPlainObject, own } from "./plain-data.js";
import { booleanWord } from "./yaml-scalars.js";

/**
 * Reads a value as its field wants it. Where text is expected, `yes`, `2024` or `1.10` without quotes are that text,
 * which is what `written` has (the same data with every scalar as it stands in the file; `undefined` where there is no
 * file). Where a boolean is expected, a word for one in quotes is one. All else is left alone, to be checked.
 */
export function asWritten(schema: z.core.$ZodType, value: unknown, written: unknown): unknown {
  const { def } = schema as z.ZodType;
  const inner = "innerType" in def ? def.innerType : undefined;
  if (inner !== undefined) return asWritten(inner as z.ZodType, value, written);
  if (def.type === "string" || def.type === "enum" || def.type === "literal") {
    const isScalar = typeof value === "number" || typeof value === "boolean";
    return isScalar && typeof written === "string" ? written : value;
  }
  if (def.type === "boolean") return typeof value === "string" ? (booleanWord(value) ?? value) : value;
  if (def.type === "record" && isPlainObject(value)) {
    const { valueType } = def as z.core.$ZodRecordDef;
    return mapValues(value, (item, key) => asWritten(valueType, item, part(written, key)));
  }
  if (def.type === "array" && Array.isArray(value)) {
    const { element } = def as z.core.$ZodArrayDef;
    return value.map((item: unknown, index) => asWritten(element, item, part(written, String(index))));
  }
  return value;
}

/** The value at `key` of a mapping or a list. */
export function part(value: unknown, key: string): unknown {
  if (Array.isArray(value)) return value[Number(key)];
  return isPlainObject(value) ? own(value, key) : undefined;
}

function mapValues(object: object, change: (value: unknown, key: string) => unknown): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value, key)]));
}
