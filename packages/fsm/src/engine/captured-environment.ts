import type { Captured, RunState } from "../run-state.js";

type Environment = Readonly<Record<string, string>>;

/** A system takes 128 KiB for one variable, and for all of them about a megabyte, this process's own included. */
const maxBytes = 64 * 1024;
const maxAllBytes = 256 * 1024;

/** Of captures that hold nothing. */
export const noCaptures: Environment = {};

/** Captures change seldom, and actions are many. */
const known = new WeakMap<object, Environment>();

/**
 * What was captured, for the environment of an action: `LOOPS_CAPTURED_<KEY>` is the output under that key, with letters
 * in upper case and `_` for what is neither letter nor digit. A child loop's captures have its state's key in front.
 *
 * At most 64 KiB each and 256 KiB in all, in the order in which they were captured. What does not fit, has a NUL in it,
 * or would take the name of another, is left out, and its key is in `LOOPS_CAPTURED_OMITTED`, separated by commas.
 */
export function capturedEnvironment(captured: RunState["captured"]): Environment {
  let environment = known.get(captured);
  if (environment === undefined) {
    environment = build(captured);
    known.set(captured, environment);
  }
  return environment;
}

/** Whether a text can be the value of a variable. */
export function fitsEnvironment(text: string): boolean {
  return text.length <= maxBytes && Buffer.byteLength(text) <= maxBytes && !text.includes("\0");
}

function build(captured: RunState["captured"]): Environment {
  const environment = new Map<string, string>();
  const omitted: string[] = [];
  let leftBytes = maxAllBytes;
  for (const [key, output] of outputs(captured, "")) {
    const name = `LOOPS_CAPTURED_${key.toUpperCase().replace(/[^A-Z0-9]/g, "_")}`;
    const fits = fitsEnvironment(output) && Buffer.byteLength(output) <= leftBytes;
    if (!fits || environment.has(name) || name === omittedName) {
      omitted.push(key.replaceAll("\0", ""));
      continue;
    }
    environment.set(name, output);
    leftBytes -= Buffer.byteLength(output);
  }
  if (omitted.length > 0) environment.set(omittedName, omitted.join(","));
  return environment.size === 0 ? noCaptures : Object.fromEntries(environment);
}

const omittedName = "LOOPS_CAPTURED_OMITTED";

function* outputs(captured: Readonly<Record<string, Captured>>, prefix: string): Generator<[string, string]> {
  for (const [key, value] of Object.entries(captured)) {
    const path = prefix === "" ? key : `${prefix}_${key}`;
    if (isResult(value)) yield [path, value.output];
    else yield* outputs(value, path);
  }
}

/** A child may have captured something as `output`, which is then no text. */
function isResult(value: Captured): value is Extract<Captured, { readonly exit_code: number }> {
  return typeof value["output"] === "string";
}
