import type * as z from "zod";
import { asWritten, part } from "./as-written.js";
import { own, type PlainObject } from "./plain-data.js";
import type { Finding } from "./problem.js";
import { didYouMean } from "./suggest.js";

/** What a mapping may hold: what is none of these is unknown. */
export interface Fields {
  readonly shape: Readonly<Record<string, z.core.$ZodType>>;
  /** Other names by the field that they stand for; one counts only where the field itself is absent or empty. */
  readonly aliases?: ReadonlyMap<string, string>;
  /** Asks for something that is not built: an error. */
  readonly later?: ReadonlySet<string>;
  /** Has a meaning only in a file, and has had it there. */
  readonly expanded?: readonly string[];
  /** Changes nothing: left out with a warning. */
  readonly descriptive?: ReadonlySet<string>;
  /** Other names that are read elsewhere. */
  readonly elsewhere?: (name: string) => boolean;
}

/** A mapping as it is written, and where it is. */
export interface Written {
  readonly raw: PlainObject;
  /** The same with every scalar as text; `undefined` where there is no text. */
  readonly written: unknown;
  readonly path: readonly string[];
}

/** What comes to light on the way from a loop as it is written to the loop that the schema describes. */
export interface Preparation {
  readonly findings: Finding[];
  /** Where a field was written, by {@link placeKey} of where it is now. */
  readonly moved: Map<string, readonly string[]>;
}

export function placeKey(path: readonly string[]): string {
  return JSON.stringify(path);
}

/** The known fields of a mapping that are not empty, under their own names; findings for all others. */
export function pickFields({ raw, written, path }: Written, fields: Fields, to: Preparation): Record<string, unknown> {
  const { shape, aliases = new Map<string, string>(), later, expanded, descriptive, elsewhere } = fields;
  const picked: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries(shape)) {
    const given = [name, aliases.get(name)].filter((key) => key !== undefined && !isEmpty(own(raw, key), schema));
    const [key, overruled] = given;
    if (key === undefined) continue;
    picked[name] = asWritten(schema, own(raw, key), part(written, key));
    if (key !== name) to.moved.set(placeKey([...path, name]), [...path, key]);
    if (overruled !== undefined) {
      const message = `${quote(overruled)} has no effect: it is another name for ${quote(key)}, which is there too. Remove one.`;
      to.findings.push({ path: [...path, overruled], at: "key", severity: "warning", message });
    }
  }
  const known = [...Object.keys(shape), ...aliases.values()];
  for (const [name, value] of Object.entries(raw)) {
    if (known.includes(name)) continue;
    const at = [...path, name];
    // Switched off is what happens anyway.
    const switchedOff = value === null || value === false;
    if (expanded?.includes(name)) to.findings.push(...(switchedOff ? [] : [expandedField(at)]));
    else if (later?.has(name)) to.findings.push(...(switchedOff ? [] : [laterField(at, quote(name))]));
    else if (descriptive?.has(name)) to.findings.push(...(switchedOff ? [] : [descriptiveField(at)]));
    else if (!elsewhere?.(name)) to.findings.push(unknownField(at, known));
  }
  return picked;
}

/** Nothing at all, or empty text where text may be left out. */
function isEmpty(value: unknown, schema: z.core.$ZodType): boolean {
  if (value === undefined || value === null) return true;
  return value === "" && schema._zod.optin === "optional";
}

export function laterField(path: readonly string[], what: string, hint?: string): Finding {
  const message = `this version does not support ${what}.${hint === undefined ? " Remove it." : ` ${hint}`}`;
  return { path, at: hint === undefined ? "key" : "value", severity: "error", message };
}

function expandedField(path: readonly string[]): Finding {
  const message = `${quote(path.at(-1))} is for loop files. In code, put the loop together with what the language has.`;
  return { path, at: "key", severity: "error", message };
}

function descriptiveField(path: readonly string[]): Finding {
  const message = `${quote(path.at(-1))} is only a description: it has no effect on how the loop runs.`;
  return { path, at: "key", severity: "warning", message };
}

function unknownField(path: readonly string[], known: readonly string[]): Finding {
  const name = path.at(-1) ?? "";
  const hint = didYouMean(name, known) || " Remove it if it is not needed.";
  return { path, at: "key", severity: "warning", message: `unknown field ${quote(name)} has no effect.${hint}` };
}

function quote(name: unknown): string {
  return JSON.stringify(name);
}
