/**
 * How a value reads in a command: text as it is, nothing for `null`, `True` and `False` as the original system writes
 * them, numbers as JavaScript does, lists and mappings as compact JSON.
 *
 * Where the original differs: it writes lists and mappings in Python's notation, which no other tool reads, and a float
 * without a fraction with `.0`, which cannot be told from an integer here.
 *
 * @throws TypeError for what JSON cannot hold: a cycle, a BigInt inside a list
 */
export function renderValue(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "object") return JSON.stringify(value) ?? "";
  return String(value);
}

/** One word for a POSIX shell, whatever is in it; bare where that is safe. */
export function quoteForShell(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'"'"'`)}'`;
}
