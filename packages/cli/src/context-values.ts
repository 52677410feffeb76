import type { LoopsError } from "@loops/core";
import { badInput } from "./bad-input.js";

/**
 * Context values as they are written on a command line: `key=text`, and `key:=json` for anything else.
 *
 * @throws LoopsError `LOOPS_USAGE`
 */
export function parseContext(given: readonly string[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(given.map(parseValue));
}

function parseValue(given: string): readonly [string, unknown] {
  const [, key, json, value] = /^([^=:]+)(:?)=(.*)$/s.exec(given) ?? [];
  if (key === undefined || value === undefined) {
    throw badInput(`--context ${JSON.stringify(given)} is no value: write key=text, or key:=json.`);
  }
  if (key === "__proto__") throw notAName(key);
  if (json === "") return [key, value];
  let data: unknown;
  try {
    data = JSON.parse(value);
  } catch (cause) {
    throw badInput(`--context ${key}: ${JSON.stringify(value)} is no JSON; for a text write ${key}=${value}.`, cause);
  }
  checkValue(key, data);
  return [key, data];
}

/** As in a loop file, so that a value of the command line can be all that one of a file can be, and nothing else. */
const maxDepth = 100;

function checkValue(key: string, data: unknown): void {
  // Not by recursion, which is what the depth would break.
  let level: readonly unknown[] = [data];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > maxDepth) throw badInput(`--context ${key} is nested deeper than ${maxDepth} levels; flatten it.`);
    const parts = level.filter((value) => typeof value === "object" && value !== null);
    if (parts.some((value) => Object.hasOwn(value, "__proto__"))) throw notAName(key);
    level = parts.flatMap((value) => Object.values(value));
  }
}

function notAName(key: string): LoopsError {
  return badInput(`--context ${key}: "__proto__" cannot be used as a name; rename it.`);
}
