import { LoopsError } from "@loops/core";
import { CURRENT_STATE } from "./targets.js";

/** Longest name of a loop: with a run id and an ending it must fit the 255 bytes that file systems give a name. */
const MAX_CHARACTERS = 100;
const MAX_BYTES = 180;

/**
 * Checks that a loop's name can be part of a file name and nothing else: the name of a loop decides where its state is
 * kept, so one like `../../x` must never get that far.
 *
 * @throws LoopsError `LOOPS_NAME` that says what is wrong with it
 */
export function checkLoopName(name: string): void {
  // Callers without types pass anything.
  const problem = typeof name === "string" ? loopNameProblem(name) : "it is no text; give the loop a name";
  if (problem !== null)
    throw new LoopsError("LOOPS_NAME", `${quote(String(name))} cannot be the name of a loop: ${problem}`);
}

/** What is wrong with a loop's name and what to do, or `null`. */
export function loopNameProblem(name: string): string | null {
  if (name === "") return "it is empty; give the loop a name";
  if (hasControlCharacters(name))
    return "it has control characters or broken Unicode in it; use plain text on one line";
  if (/[/\\]/.test(name)) return 'it has a "/" or "\\" in it; use "-" instead';
  if (name.includes("..")) return 'it has ".." in it; use "-" instead';
  if (name.startsWith(".")) return 'it begins with "."; begin with a letter or digit';
  if (name.trim() !== name) return "it begins or ends with a space; remove it";
  if ([...name].length > MAX_CHARACTERS || Buffer.byteLength(name) > MAX_BYTES) {
    return `it is longer than ${MAX_CHARACTERS} characters (or ${MAX_BYTES} bytes); shorten it`;
  }
  return null;
}

/** What is wrong with a state's name and what to do, or `null`. State names are free text, but for what routing gives a meaning. */
export function stateNameProblem(name: string): string | null {
  if (name === "") return "a state needs a name";
  if (name === CURRENT_STATE) return '"$current" stands for the state itself and cannot be the name of one; rename it';
  if (name.includes("${")) return 'the name of a state cannot have "${" in it; rename it';
  if (hasControlCharacters(name)) return "the name of a state cannot have control characters in it; rename it";
  return null;
}

function hasControlCharacters(name: string): boolean {
  return /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u.test(name);
}

function quote(name: string): string {
  return JSON.stringify(name.length > 60 ? `${name.slice(0, 57)}...` : name);
}
