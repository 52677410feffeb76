import { LoopsError } from "@loops/core";
import { closestName } from "@loops/core/names";
import { requireKnownName } from "../known-names.js";
import { show } from "./violation.js";

/** What the calls of both kits have in common. */
interface Call {
  readonly test: unknown;
  readonly name: unknown;
  readonly create: unknown;
  readonly capabilities?: unknown;
  readonly knownGaps?: unknown;
  readonly patienceMs?: unknown;
}

const callKeys = ["test", "name", "create", "capabilities", "knownGaps", "patienceMs", "seed"];

/**
 * What types say to those who have them: a call that is wrong would else register tests that fail for a reason of their
 * own, or, with a misspelt name, too few of them.
 *
 * @param kit the function that was called, for messages
 * @throws LoopsError `LOOPS_CONFIG`
 */
export function requireCall(kit: string, call: Call, capabilities: readonly string[]): void {
  const who = typeof call?.name === "string" && call.name !== "" ? call.name : kit;
  const must = (condition: boolean, what: string, is: unknown): void => {
    if (!condition) throw new LoopsError("LOOPS_CONFIG", `[${who}] ${what}, not ${show(is)}`);
  };
  must(isRecord(call), "the options must be { test, name, create }", call);
  for (const key of Object.keys(call)) {
    // A caller may hand over more than this, but not almost this.
    if (!callKeys.includes(key) && closestName(key, callKeys)) requireKnownName(`[${who}] the option`, key, callKeys);
  }
  const { test, name, create, knownGaps = [], patienceMs = 1 } = call;
  must(typeof test === "function", "test must be the function of your runner, such as that of node:test", test);
  must(typeof name === "string" && name !== "", "name must be a text that begins the names of the tests", name);
  must(typeof create === "function", "create must be a function that returns what is to be tried", create);
  must(Array.isArray(knownGaps), "knownGaps must be a list of ids", knownGaps);
  must(typeof patienceMs === "number" && patienceMs > 0, "patienceMs must be a number above 0", patienceMs);
  requireKnownKeys(who, "capabilities", call.capabilities, capabilities);
}

/** @throws LoopsError `LOOPS_CONFIG` where `record`, if it is there, is none, or has a key that is not known */
export function requireKnownKeys(who: string, what: string, record: unknown, known: readonly string[]): void {
  if (record === undefined) return;
  if (!isRecord(record))
    throw new LoopsError("LOOPS_CONFIG", `[${who}] ${what} must be an object, not ${show(record)}`);
  for (const key of Object.keys(record)) requireKnownName(`[${who}] in ${what}`, key, known);
}

function isRecord(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
