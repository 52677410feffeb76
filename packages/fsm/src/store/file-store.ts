import nodeFs from "node:fs";
import type { StateStore } from "@loops/core";
import { checkLoopName } from "../definition/names.js";
import { guardedWarn } from "../guarded-warn.js";
import type { RunState } from "../run-state.js";
import { acquireRun } from "./acquire-run.js";
import { createRun } from "./create-run.js";
import { readJournalEvents } from "./events-reader.js";
import { readHistory } from "./history.js";
import { checkPathPart, createLayout } from "./layout.js";
import { livingOwner, readOwners } from "./owner.js";
import { listRuns, newestOf } from "./run-list.js";
import { findRunById, readRunning } from "./runs.js";
import { writeStopRequest } from "./stop-request.js";
import type { StoreContext, StoreFs, StoreWarning } from "./store-context.js";
import { runNotFound } from "./store-errors.js";

export interface FileStoreOptions {
  /** Directory of the loops. Made by the first run. @default ".loops" in the working directory */
  readonly dir?: string | undefined;
  /**
   * What a commit survives: the death of the process at any moment, and with `true` a loss of power too, at the price
   * of waiting for the disk at each commit (about a millisecond instead of microseconds).
   * @default false
   */
  readonly durable?: boolean | undefined;
  /** Told what was repaired or could not be done where the run itself goes on. @default nobody is told */
  readonly onWarning?: ((warning: StoreWarning) => void) | undefined;
  /** Replaces parts of `node:fs`, to inject faults. */
  readonly fs?: Partial<StoreFs> | undefined;
}

/**
 * Keeps runs in files: an event journal per run, in which each commit is one write, and beside it a view of the state
 * for people. Commits are atomic and survive a `kill -9`; a run has one writer at a time, on one machine.
 *
 * Its methods throw `LOOPS_NAME` for names and ids that cannot be file names, and `LOOPS_STATE_CORRUPT` for what
 * cannot be read. Nothing is touched before the first call.
 */
export function fileStore(options: FileStoreOptions = {}): StateStore<RunState> {
  const context: StoreContext = {
    fs: { ...nodeFs, ...options.fs },
    layout: createLayout(options.dir ?? ".loops"),
    durable: options.durable ?? false,
    warn: guardedWarn(options.onWarning ?? (() => undefined)),
  };
  const { layout } = context;

  return {
    create(state, { clearPrevious = true } = {}) {
      checkLoopName(state.loop_name);
      return createRun(context, state, clearPrevious);
    },

    acquire(runId) {
      checkPathPart("run id", runId);
      return acquireRun(context, runId);
    },

    find(nameOrRunId) {
      checkPathPart("loop name or run id", nameOrRunId);
      return newestOf(context, nameOrRunId);
    },

    isOwned(runId) {
      checkPathPart("run id", runId);
      const found = findRunById(context, runId);
      return found !== null && livingOwner(readOwners(context, found.paths.stem)) !== null;
    },

    list: () => listRuns(context),

    history: (loop) => readHistory(context, loop),

    readEvents(loop, runId) {
      const archived = layout.archive(loop, runId);
      for (const content of readRunning(context)) {
        const { state } = content.kind === "run" ? content.run : { state: null };
        if (state?.loop_name === loop && state.run_id === runId) {
          return readJournalEvents(context.fs, content.paths.journal);
        }
      }
      return readJournalEvents(context.fs, archived.journal);
    },

    requestStop(runId) {
      checkPathPart("run id", runId);
      const found = findRunById(context, runId);
      if (found === null) throw runNotFound(runId);
      const owner = livingOwner(readOwners(context, found.paths.stem));
      if (owner !== null) writeStopRequest(context, found.paths, { run_id: runId, epoch: owner.epoch });
    },
  };
}
