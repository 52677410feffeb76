import { types } from "node:util";
import { errorMessage } from "./errors.js";

type Fields = Record<string | number, unknown>;

/** How deep containers may lie in one another below the event. */
const MAX_DEPTH = 64;
/** Each member of a container takes at least two bytes of JSON (`0,`), at four units a byte. */
const MEMBER_COST = 8;
const NOT_PLAIN = Number.NaN;

/**
 * How much may be visited of an event that may have `maxBytes`: members that alone take that many bytes, or four times
 * as many characters, so that the size of an event not far above it can still be told. This ends shared branches that
 * unfold without end. The lower bound costs little time, the upper one is that of a string.
 */
export function visitBudget(maxBytes: number): number {
  return Math.min(Math.max(4 * maxBytes, 2 ** 20), 2 ** 29);
}

/**
 * What is left of `budget` after a value that `JSON.stringify` can be given as it is: negative if the budget did not
 * suffice, `NaN` if it is no such value. Never throws.
 */
export function spendOnPlain(value: unknown, budget: number, depth = 0): number {
  try {
    return spendOn(value, budget, depth);
  } catch {
    // A getter or a proxy threw: not plain. The copy meets it again and says what it threw.
    return NOT_PLAIN;
  }
}

function spendOn(value: unknown, budget: number, depth: number): number {
  if (typeof value === "string") return budget - value.length;
  if (typeof value === "number" || typeof value === "boolean" || value === undefined || value === null) return budget;
  if (typeof value !== "object" || depth > MAX_DEPTH || (value as Fields)["toJSON"] !== undefined) return NOT_PLAIN;
  let left = budget;
  if (Array.isArray(value)) {
    left -= MEMBER_COST * value.length;
    for (let i = 0; left >= 0 && i < value.length; i++) left = spendOn(value[i], left, depth + 1);
    return left;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return NOT_PLAIN;
  for (const key in value) {
    const field = (value as Fields)[key];
    // Most fields are texts: they are worth not being called for.
    if (typeof field === "string") left -= MEMBER_COST + key.length + field.length;
    else if (field !== undefined) left = spendOn(field, left - MEMBER_COST - key.length, depth + 1);
    if (!(left >= 0)) break;
  }
  return left;
}

/**
 * A copy of an event that `JSON.stringify` can be given as it is; `undefined` if the budget did not suffice. Keys keep
 * their order. The event's own fields are data, even one called `toJSON`; below it `toJSON` is honoured.
 *
 * | value | becomes |
 * |---|---|
 * | BigInt, symbol, RegExp | its text |
 * | function | `[Function: name]` |
 * | Date | ISO 8601 in UTC, `null` if invalid |
 * | Error | `name`, `message`, `stack`, `code`, `cause`, `errors` and its own fields |
 * | Map | an object if all keys are strings, else a list of pairs |
 * | Set | a list |
 * | Buffer, Uint8Array, ArrayBuffer, DataView | a base64 `data:` URL |
 * | other typed arrays | a list of numbers |
 * | other objects | their own enumerable fields; without any, their own text if they have one |
 * | what contains itself | `[Circular]` |
 * | containers more than 64 deep | `[Deep]` |
 * | what throws | `[Throws: message]` |
 */
export function toPlain(event: object, budget: number): object | undefined {
  /** Once it is negative, or `NaN` because a proxy claims a length that is no number, nothing more is visited. */
  let left = budget;
  /** The containers around the value, the event first. */
  const path: unknown[] = [event];

  const visit = (value: unknown, key: string): unknown => {
    if (typeof value === "bigint" || typeof value === "symbol") return visit(String(value), key);
    if (typeof value === "string") left -= value.length;
    if (!(left >= 0) || Object(value) !== value) return value;
    if (path.includes(value)) return "[Circular]";
    if (path.length > MAX_DEPTH) return "[Deep]";
    path.push(value);
    try {
      return convert(value as object, key);
    } catch (error) {
      return thrownText(error);
    } finally {
      path.pop();
    }
  };

  const convert = (value: object, key: string): unknown => {
    // Before `toJSON`, because that of Buffer lists every byte.
    if (types.isUint8Array(value) || types.isDataView(value) || types.isAnyArrayBuffer(value)) {
      const { buffer = value, byteOffset, byteLength } = value as Uint8Array;
      left -= byteLength;
      return (
        left < 0 || `data:;base64,${Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength).toString("base64")}`
      );
    }
    const { toJSON } = value as Fields;
    const json: unknown = typeof toJSON === "function" ? toJSON.call(value, key) : value;
    if (json !== value) return visit(json, key);
    if (typeof value === "function") return `[Function: ${(value as { name?: unknown }).name || "anonymous"}]`;
    if (Array.isArray(value) || types.isTypedArray(value)) return list(value);
    if (types.isSet(value)) return list([...value]);
    if (types.isMap(value)) {
      const entries = [...value];
      return entries.every(([name]) => typeof name === "string") ? fields(Object.fromEntries(entries)) : list(entries);
    }
    if (types.isBoxedPrimitive(value)) return visit(value.valueOf(), key);
    const keys = Object.keys(value);
    // Errors of another realm are no instances, and a DOMException is not native.
    if (types.isNativeError(value) || value instanceof Error) {
      return fields(value, ["name", "message", "stack", "code", "cause", "errors", ...keys]);
    }
    const text = keys.length > 0 || typeof value.toString !== "function" || String(value);
    return text === true || text === "[object Object]" ? fields(value, keys) : visit(text, key);
  };

  const list = (values: ArrayLike<unknown>): unknown[] => {
    const copy: unknown[] = [];
    const { length } = values;
    left -= MEMBER_COST * length;
    for (let i = 0; left >= 0 && i < length; i++) copy.push(visit(readField(values, i), String(i)));
    return copy;
  };

  const fields = (source: object, keys = Object.keys(source)): object => {
    // Without a prototype, so that `__proto__` is a field like any other.
    const copy: Fields = Object.create(null);
    for (const key of keys) {
      const value = readField(source, key);
      if (value === undefined || key in copy) continue;
      left -= MEMBER_COST + key.length;
      copy[key] = visit(value, key);
    }
    return copy;
  };

  const copy = fields(event);
  return left >= 0 ? copy : undefined;
}

/** A field, or readable text where reading it throws. */
export function readField(source: object, key: string | number): unknown {
  try {
    return (source as Fields)[key];
  } catch (error) {
    return thrownText(error);
  }
}

function thrownText(error: unknown): string {
  return `[Throws: ${shortMessage(error)}]`;
}

/** The start of the message of anything thrown. Never throws. */
export function shortMessage(error: unknown): string {
  return errorMessage(error).slice(0, 200);
}
