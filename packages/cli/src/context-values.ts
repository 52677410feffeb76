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
  if (json === "") return [key, value];
  try {
    return [key, JSON.parse(value)];
  } catch (cause) {
    throw badInput(`--context ${key}: ${JSON.stringify(value)} is no JSON; for a text write ${key}=${value}.`, cause);
  }
}
