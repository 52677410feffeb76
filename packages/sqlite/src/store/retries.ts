import { setTimeout as sleep } from "node:timers/promises";
import { backoffMs, startDeadline } from "@loops/core";

export interface RetryWork<T> {
  /** One attempt. It has to be safe to be made again where nobody knows what became of the last one. */
  readonly attempt: () => Promise<T>;
  readonly timeoutMs: number;
}

const pauses = { baseMs: 8, maxMs: 250 };

/**
 * Attempts until one succeeds, fails for good, or the time is up; what passes by itself (a locked file, a lost connection,
 * a conflict of transactions) is tried again after a pause.
 *
 * @throws what the last attempt threw, and an Error where it gave no answer in time
 */
export async function withRetries<T>({ attempt, timeoutMs }: RetryWork<T>): Promise<T> {
  const due = startDeadline({ timeoutMs }, timeoutMs);
  const endsMs = performance.now() + timeoutMs;
  for (let failures = 1; ; failures += 1) {
    const working = attempt();
    try {
      if (await due.wait(working)) return await working;
    } catch (error) {
      const pauseMs = backoffMs(failures, pauses);
      if (!isTransient(error) || performance.now() + pauseMs >= endsMs) throw error;
      await sleep(pauseMs);
      continue;
    }
    working.catch(() => undefined);
    throw new Error(`no answer within ${Math.round(timeoutMs)} ms`);
  }
}

/** @see https://www.postgresql.org/docs/current/errcodes-appendix.html */
const transientStates = /^(?:08...|57P0[1235]|40001|40P01|53300|55P03)$/;
const transientCodes =
  /^(?:SQLITE_(?:BUSY|LOCKED)\w*|E(?:CONN(?:RESET|REFUSED|ABORTED)|PIPE|TIMEDOUT|AI_AGAIN|(?:HOST|NET)(?:UNREACH|DOWN)))$/;
/** Primary result codes: SQLITE_BUSY and SQLITE_LOCKED. */
const busyCodes: readonly number[] = [5, 6];
const transientTexts =
  /database (?:table )?is locked|Connection terminated|connection timeout|timeout exceeded when trying to connect|not queryable/i;

/** Whether an error of a driver is one that passes by itself. */
export function isTransient(error: unknown): boolean {
  const { code, errcode, message, cause, errors } = (error ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof code === "string" && (transientStates.test(code) || transientCodes.test(code))) return true;
  if (typeof errcode === "number" && busyCodes.includes(errcode & 0xff)) return true;
  if (typeof message === "string" && transientTexts.test(message)) return true;
  // Of several addresses of a host, each has failed.
  if (Array.isArray(errors) && errors.length > 0) return errors.every(isTransient);
  return cause !== undefined && isTransient(cause);
}
