import { LoopsError, withDefaults } from "@loops/core";

/** When a file is put aside for a new one, and how many of those are kept. One of the two bounds must be given. */
export interface RotateOptions {
  /** No file gets larger, but for a single line that is: it has a file of its own. @default no bound */
  readonly maxBytes?: number | undefined;
  /** A file that was made so long ago is put aside before the next line, in ms. @default no bound */
  readonly maxAgeMs?: number | undefined;
  /** Rotated files that are kept; older ones are removed. `Infinity` keeps all. @default 5 */
  readonly maxFiles?: number | undefined;
  /** Compress rotated files, in the background. @default false */
  readonly gzip?: boolean | undefined;
}

export type Rotation = Required<{ readonly [K in keyof RotateOptions]: NonNullable<RotateOptions[K]> }>;

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
  const options = given as RotateOptions;
  const { maxBytes, maxAgeMs, maxFiles } = withDefaults("jsonl", options, {
    maxBytes: none,
    maxAgeMs: none,
    maxFiles: 5,
  });
  if (maxBytes === none && maxAgeMs === none) throw wrong("rotate needs maxBytes, maxAgeMs or both");
  if (maxBytes < 1 || maxAgeMs < 1) throw wrong("rotate.maxBytes and rotate.maxAgeMs must be 1 or more");
  if (maxFiles < 1 || (maxFiles !== none && !Number.isInteger(maxFiles))) {
    throw wrong(`rotate.maxFiles must be a whole number from 1, or Infinity, not ${maxFiles}`);
  }
  const { gzip = false } = options;
  if (typeof gzip !== "boolean") throw wrong(`rotate.gzip must be true or false, not ${JSON.stringify(gzip)}`);
  return { maxBytes, maxAgeMs, maxFiles, gzip };
}

function wrong(what: string): LoopsError {
  return new LoopsError("LOOPS_CONFIG", `[jsonl] ${what}`);
}
