import type { OnError } from "@loops/core";
import { warnOnError } from "@loops/core";
import { checkKnownOptions } from "@loops/core/names";
import { boundsOf, checkFunction, checkTexts } from "../options.js";

export interface StoreSourceOptions {
  /** How often running runs are asked for new events, in milliseconds. @default 250 */
  readonly pollMs?: number | undefined;
  /** How often it is looked for new runs, in milliseconds; less often where that takes long. @default 500 */
  readonly listMs?: number | undefined;
  /** Recent runs that have ended and are shown as well, child runs not counted. @default 30 */
  readonly maxEnded?: number | undefined;
  /** Loops whose archived runs are recent runs too, by exact name. @default those that have a run that is not archived */
  readonly loops?: readonly string[] | undefined;
  /** Told when the store cannot be read, at a bounded rate; it is tried again. @default a process warning */
  readonly onError?: OnError | undefined;
}

const defaults = { pollMs: 250, listMs: 500, maxEnded: 30 };

export interface ResolvedStoreOptions extends Readonly<typeof defaults> {
  readonly loops: readonly string[];
  readonly onError: OnError;
}

/** @throws LoopsError `LOOPS_CONFIG` */
export function resolveStoreOptions(store: object, options: StoreSourceOptions): ResolvedStoreOptions {
  for (const name of ["list", "history", "readEvents", "isOwned"]) {
    checkFunction("live/store", `${name} of the store`, (store as Record<string, unknown> | undefined)?.[name]);
  }
  checkKnownOptions("live/store", options, [...Object.keys(defaults), "loops", "onError"]);
  const { loops = [], onError = warnOnError, ...bounds } = options;
  checkTexts("live/store", "loops", loops);
  checkFunction("live/store", "onError", onError);
  return { ...boundsOf(bounds, defaults), loops, onError };
}
