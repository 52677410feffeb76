import { types } from "node:util";
import { errorMessage } from "./errors.js";

type Fields = Record<string | number, unknown>;

/** How deep containers may lie in one another below the event. */
const MAX_DEPTH = 64;
/** Each member of a container takes at least two bytes of JSON (`0,`), at four units a byte. */
const MEMBER_COST = 8;
const NOT_PLAIN = Number.NaN;

/** Thrown when an event is too large to be worth encoding. */
export class BudgetExceeded extends Error {}

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
    if (field !== undefined) left = spendOn(field, left - MEMBER_COST - key.length, depth + 1);
    if (!(left >= 0)) break;
  }
  return left;
}

/**
 * A copy of an event that `JSON.stringify` can be given as it is; a field that is plain already is taken over uncopied.
 * Keys keep their order. The event's own fields are data, even one called `toJSON`; below it `toJSON` is honoured.
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
 *
 * @throws BudgetExceeded
 */
export function toPlain(event: object, budget: number): object {
  let left = budget;
  const spend = (cost: number): void => {
    left -= cost;
    // Negated, because a proxy may claim a length that is no number.
    if (!(left >= 0)) throw new BudgetExceeded();
  };

  /** `path` holds the containers around the value, the event first. */
  const visit = (value: unknown, key: string, path: readonly unknown[]): unknown => {
    if (typeof value === "bigint" || typeof value === "symbol") return visit(String(value), key, path);
    if (typeof value === "string") spend(value.length);
    if (value === null || (typeof value !== "object" && typeof value !== "function")) return value;
    if (path.includes(value)) return "[Circular]";
    if (path.length > MAX_DEPTH) return "[Deep]";
    if (path.length === 1) {
      const rest = spendOnPlain(value, left, 1);
      if (!Number.isNaN(rest)) {
        spend(left - rest);
        return value;
      }
    }
    try {
      return convert(value, key, [...path, value]);
    } catch (error) {
      if (error instanceof BudgetExceeded) throw error;
      return thrownText(error);
    }
  };

  const convert = (value: object, key: string, path: readonly unknown[]): unknown => {
    // Before `toJSON`, because that of Buffer lists every byte.
    if (types.isUint8Array(value) || types.isDataView(value) || types.isAnyArrayBuffer(value)) {
      const { buffer = value, byteOffset, byteLength } = value as Partial<Uint8Array>;
      spend(byteLength ?? 0);
      const base64 = Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength).toString("base64");
      return `data:;base64,${base64}`;
    }
    const { toJSON } = value as Fields;
    const json: unknown = typeof toJSON === "function" ? toJSON.call(value, key) : value;
    if (json !== value) return visit(json, key, path);
    if (typeof value === "function") {
      return visit(`[Function: ${(value as { name?: unknown }).name || "anonymous"}]`, key, path);
    }
    if (Array.isArray(value) || types.isTypedArray(value)) return list(value, path);
    if (types.isSet(value)) return list([...value], path);
    if (types.isMap(value)) {
      const entries = [...value];
      const named = entries.every(([name]) => typeof name === "string");
      return named ? fields(Object.fromEntries(entries), path) : list(entries, path);
    }
    if (types.isBoxedPrimitive(value)) return visit(value.valueOf(), key, path);
    const keys = Object.keys(value);
    // Errors of another realm are no instances, and a DOMException is not native.
    if (types.isNativeError(value) || value instanceof Error) {
      return fields(value, path, new Set(["name", "message", "stack", "code", "cause", "errors", ...keys]));
    }
    if (keys.length === 0 && typeof value.toString === "function") {
      const text = String(value);
      if (text !== "[object Object]") return visit(text, key, path);
    }
    return fields(value, path, keys);
  };

  const list = (values: ArrayLike<unknown>, path: readonly unknown[]): unknown[] => {
    const { length } = values;
    spend(MEMBER_COST * length);
    const copy: unknown[] = [];
    for (let i = 0; i < length; i++) copy.push(visit(readField(values, i), String(i), path));
    return copy;
  };

  const fields = (source: object, path: readonly unknown[], keys: Iterable<string> = Object.keys(source)): object => {
    // Without a prototype, so that `__proto__` is a field like any other.
    const copy: Fields = Object.create(null);
    for (const key of keys) {
      const value = readField(source, key);
      if (value === undefined) continue;
      spend(MEMBER_COST + key.length);
      copy[key] = visit(value, key, path);
    }
    return copy;
  };

  return fields(event, [event]);
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
  // Nothing keeps the message of an Error from being something else.
  const message: unknown = errorMessage(error);
  return typeof message === "string" ? message.slice(0, 200) : "unknown";
}
