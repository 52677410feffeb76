/** What begins a pattern in Python to set its flags. */
const FLAGS = /^\(\?([aimsu]+)\)/;

/**
 * Compiles a regular expression as loops written for the original system have them, which is Python's syntax:
 * flags in front (`(?i)`, also `m` and `s`), named groups `(?P<n>...)` and `(?P=n)`, `\A` and `\Z`, a `$` that also
 * matches before a last newline, and `]` first in a class. Everything else means what it means in JavaScript; so `\d`
 * and `\w` know ASCII only.
 *
 * `null` where it does not compile: the pattern is then to be searched as plain text.
 */
export function compilePattern(pattern: string): RegExp | null {
  const letters = FLAGS.exec(pattern)?.[1] ?? "";
  const body = letters === "" ? pattern : pattern.slice(letters.length + "(?)".length);
  const flags = [...new Set(letters)].filter((flag) => "ims".includes(flag)).join("");
  const source = translate(body, flags.includes("m"));
  // Unicode mode matches whole characters, but refuses escapes such as "\-" that Python allows.
  return tryCompile(source, `${flags}u`) ?? tryCompile(source, flags);
}

function tryCompile(source: string, flags: string): RegExp | null {
  try {
    return new RegExp(source, flags);
  } catch {
    // Not an error: null is the answer to whether it compiles.
    return null;
  }
}

function translate(pattern: string, multiline: boolean): string {
  let source = "";
  let inClass = false;
  for (let index = 0; index < pattern.length; ) {
    const [from, to] = token(pattern, index, inClass, multiline);
    if (inClass ? from === "]" : from.startsWith("[")) inClass = !inClass;
    source += to;
    index += from.length;
  }
  return source;
}

/** The next piece of a pattern, and what it is in JavaScript. */
function token(pattern: string, index: number, inClass: boolean, multiline: boolean): readonly [string, string] {
  const character = pattern.charAt(index);
  if (character === "\\") {
    const escaped = pattern.slice(index, index + 2);
    if (!inClass && escaped === "\\A") return [escaped, "(?<![^])"];
    if (!inClass && escaped === "\\Z") return [escaped, "(?![^])"];
    return [escaped, escaped];
  }
  if (inClass) return [character, character];
  if (character === "$" && !multiline) return ["$", "(?=\\n?(?![^]))"];
  if (character === "[") {
    const opening = /^\[\^?\]?/.exec(pattern.slice(index, index + 3))?.[0] ?? "[";
    return [opening, opening.replace("]", "\\]")];
  }
  if (pattern.startsWith("(?P<", index)) return ["(?P<", "(?<"];
  const reference = pattern.startsWith("(?P=", index) ? pattern.indexOf(")", index) : -1;
  if (reference !== -1) return [pattern.slice(index, reference + 1), `\\k<${pattern.slice(index + 4, reference)}>`];
  return [character, character];
}
