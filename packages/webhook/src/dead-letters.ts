import { dirname, resolve } from "node:path";
import { errorMessage, isLoopsError, isoNow, type LoopEvent } from "@loops/core";
import { makeDirectoriesSync, openAppend } from "@loops/core/ndjson";
import { batchId, jsonArray } from "./batch-id.js";

/** Events that will never be delivered. */
export interface DeadLetter {
  /** The `webhook-id` of the request that failed, where there was one. */
  readonly batchId: string;
  readonly events: readonly LoopEvent[];
  /** A `LoopsError`: `LOOPS_DELIVERY` for what was refused or retried in vain, `LOOPS_CLOSE_TIMEOUT` at the end. */
  readonly error: unknown;
}

export interface DeadLetterOptions {
  readonly onDeadLetter?: ((letter: DeadLetter) => void) | undefined;
  readonly deadLetterPath?: string | undefined;
}

/** Takes the JSON of events that will never be delivered. May throw, when all that can be done is done. */
export type KeepDeadLetters = (texts: readonly string[], error: unknown) => void;

/**
 * `undefined` where nobody wants them.
 *
 * @param report is told what a promise of `onDeadLetter` was rejected with, for nobody waits for it
 */
export function deadLetterKeeper(
  { onDeadLetter, deadLetterPath }: DeadLetterOptions,
  report: (error: unknown) => void,
): KeepDeadLetters | undefined {
  if (onDeadLetter === undefined && deadLetterPath === undefined) return undefined;
  // Now: what the working directory is later must not split the file.
  const path = deadLetterPath === undefined ? undefined : resolve(deadLetterPath);
  return (texts, error) => {
    const id = batchId(jsonArray(texts));
    try {
      if (path !== undefined) appendLetters(path, id, texts, error);
    } finally {
      const kept: unknown = onDeadLetter?.({ batchId: id, events: texts.map((text) => JSON.parse(text)), error });
      if (kept instanceof Promise) kept.catch(report);
    }
  };
}

/** They are rare, and the file may be moved away between two: so it is opened each time. */
function appendLetters(path: string, id: string, texts: readonly string[], error: unknown): void {
  const code = isLoopsError(error) ? error.code : null;
  const head = JSON.stringify({ ts: isoNow(), batch_id: id, code, reason: errorMessage(error) }).slice(0, -1);
  makeDirectoriesSync(dirname(path));
  const file = openAppend(path);
  try {
    file.write(Buffer.from(texts.map((text) => `${head},"event":${text}}\n`).join("")));
  } finally {
    file.close();
  }
}
