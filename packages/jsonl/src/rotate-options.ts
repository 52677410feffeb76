import { LoopsError } from "@loops/core";

interface RotateSettings {
  /** No file gets larger, but for a single line that is: it has a file of its own. @default no bound */
  readonly maxBytes?: number | undefined;
  /** A file that was made so long ago is put aside before the next line, in ms. @default no bound */
  readonly maxAgeMs?: number | undefined;
  /** Rotated files that are kept; older ones are removed. `Infinity` keeps all. @default 5 */
  readonly maxFiles?: number | undefined;
  /** Compress rotated files, in the background. @default false */
  readonly gzip?: boolean | undefined;
}

/** When a file is put aside for a new one, and how many of those are kept. One of the two bounds must be given. */
export type RotateOptions = RotateSettings & ({ readonly maxBytes: number } | { readonly maxAgeMs: number });

export type Rotation = Required<{ readonly [K in keyof RotateSettings]: NonNullable<RotateSettings[K]> }>;

const none = Number.POSITIVE_INFINITY;
const names = ["maxBytes", "maxAgeMs", "maxFiles", "gzip"];

/** @throws LoopsError `LOOPS_CONFIG` */
export function resolveRotation(given: unknown): Rotation | undefined {
  if (given === undefined) return undefined;
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw wrong(`rotate must be an object such as { maxBytes: 10_000_000 }, not ${JSON.stringify(given)}`);
  }
  for (const name of Object.keys(given)) {
    if (!names.includes(name)) throw wrong(`rotate.${name} is not known; known are ${names.join(", ")}`);
  }
  const options = given as RotateSettings;
  const maxBytes = bound(options, "maxBytes");
  const maxAgeMs = bound(options, "maxAgeMs");
  const { maxFiles = 5 } = options;
  if (maxBytes === none && maxAgeMs === none) throw wrong("rotate needs maxBytes, maxAgeMs or both");
  if (typeof maxFiles !== "number" || !(maxFiles >= 1) || (maxFiles !== none && !Number.isInteger(maxFiles))) {
    throw wrong(`rotate.maxFiles must be a whole number from 1, or Infinity, not ${shown(maxFiles)}`);
  }
  const { gzip = false } = options;
  if (typeof gzip !== "boolean") throw wrong(`rotate.gzip must be true or false, not ${JSON.stringify(gzip)}`);
  return { maxBytes, maxAgeMs, maxFiles, gzip };
}

function bound(options: RotateSettings, name: "maxBytes" | "maxAgeMs"): number {
  const value: unknown = options[name] ?? none;
  if (typeof value === "number" && value >= 1) return value;
  throw wrong(`rotate.${name} must be a number from 1, not ${shown(value)}`);
}

/** JSON knows no NaN. */
const shown = (value: unknown) => (typeof value === "number" ? String(value) : JSON.stringify(value));

function wrong(what: string): LoopsError {
  return new LoopsError("LOOPS_CONFIG", `[jsonl] ${what}`);
}
