import { errorMessage, LoopsError, timerMs } from "@loops/core";
import { snapshotFrame } from "./frames.js";
import type { ResolvedOptions } from "./socket-options.js";

interface SnapshotContext {
  readonly options: Pick<ResolvedOptions, "snapshot" | "snapshotTimeoutMs" | "log">;
  report(error: unknown): void;
}

/**
 * The place in the log from which on a client gets everything; `null` without a log.
 *
 * @param required whether a log that fails is thrown; otherwise it is reported, and there is no place
 */
export async function headOf({ options: { log }, report }: SnapshotContext, required = false): Promise<string | null> {
  try {
    return log === undefined ? null : (await log.query({ limit: 0 })).newest;
  } catch (error) {
    if (required) throw error;
    report(new LoopsError("LOOPS_SOCKET_REPLAY", `[socket] the log failed: ${errorMessage(error)}`, { cause: error }));
    return null;
  }
}

/** A frame for each run that the caller tells of. Never rejects: a source that fails is reported, and shows nothing. */
export async function takeSnapshot(
  { options: { snapshot, snapshotTimeoutMs }, report }: SnapshotContext,
  cursor: string | null,
): Promise<string[]> {
  if (snapshot === undefined) return [];
  let timer: NodeJS.Timeout | undefined;
  try {
    const late = new Promise<never>((_, reject) => {
      const expire = () => reject(new Error(`it took longer than ${snapshotTimeoutMs} ms`));
      timer = setTimeout(expire, timerMs(snapshotTimeoutMs)).unref();
    });
    const runs = await Promise.race([(async () => snapshot())(), late]);
    return [...runs].map((run) => snapshotFrame(run, cursor));
  } catch (cause) {
    const what = `[socket] the snapshot failed, and a client sees none: ${errorMessage(cause)}`;
    report(new LoopsError("LOOPS_SOCKET_SNAPSHOT", what, { cause }));
    return [];
  } finally {
    clearTimeout(timer);
  }
}
