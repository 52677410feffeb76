import { replaceFile } from "./atomic-write.js";
import type { RunPaths } from "./layout.js";
import { readIfExists } from "./read-file.js";
import type { StoreContext } from "./store-context.js";
import { writeFailed } from "./store-errors.js";

/** Who is asked to stop: the owner of that epoch, so that a request never meets a later one. */
export interface StopRequest {
  readonly run_id: string;
  readonly epoch: number;
}

/** @throws LoopsError `LOOPS_STORE_WRITE` */
export function writeStopRequest(context: StoreContext, paths: RunPaths, request: StopRequest): void {
  try {
    replaceFile(context, paths.stop, `${paths.stop}.${process.pid}.tmp`, Buffer.from(`${JSON.stringify(request)}\n`));
  } catch (error) {
    throw writeFailed(paths.stop, error);
  }
}

export function isStopRequested(fs: StoreContext["fs"], paths: RunPaths, who: StopRequest): boolean {
  if (!fs.existsSync(paths.stop)) return false;
  try {
    const bytes = readIfExists(fs, paths.stop);
    if (bytes === null) return false;
    const request = JSON.parse(bytes.toString()) as Partial<StopRequest> | null;
    return request?.run_id === who.run_id && request.epoch === who.epoch;
  } catch {
    return false; // Not made by a store: it asks nobody to stop.
  }
}
