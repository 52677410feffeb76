import nodeFs from "node:fs";
import { LoopsError, type StateStore } from "@loops/core";
import { checkLoopName } from "../definition/names.js";
import { guardedWarn } from "../guarded-warn.js";
import type { RunState } from "../run-state.js";
import { acquireRun } from "./acquire-run.js";
import { createRun } from "./create-run.js";
import { archiveEndedRun } from "./end-of-run.js";
import { archivedJournal, readHistory } from "./history.js";
import { checkPathPart, createLayout } from "./layout.js";
import { OwnedRuns } from "./owned-runs.js";
import { livingOwner, readOwners } from "./owner.js";
import { ReadingPlaces } from "./reading-places.js";
import { listRuns, newestOf } from "./run-list.js";
import { findRun, findRunById } from "./runs.js";
import { writeStopRequest } from "./stop-request.js";
import type { StoreContext, StoreFs, StoreWarning } from "./store-context.js";
import { runNotFound } from "./store-errors.js";

export interface FileStoreOptions {
  /** Directory of the loops. Made by the first run. @default ".loops" in the working directory */
  readonly dir?: string | undefined;
  /**
   * What a commit survives: the death of the process at any moment (`process`), or a loss of power too (`power`), at the
   * price of waiting for the disk at each commit (about a millisecond instead of microseconds).
   * @default "process"
   */
  readonly durability?: "process" | "power" | undefined;
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
    durable: isDurable(options.durability),
    seen: new Map(),
    warn: guardedWarn(options.onWarning ?? (() => undefined)),
  };
  const places = new ReadingPlaces(context.fs);
  const owned = new OwnedRuns(context);

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
      return owned.has(runId);
    },

    list: () => listRuns(context),

    history: (loop) => readHistory(context, loop),

    readEvents(loop, runId, after = 0) {
      checkPathPart("loop name", loop);
      checkPathPart("run id", runId);
      const found = findRun(context, loop, runId);
      return places.eventsOf(found?.paths.journal ?? archivedJournal(context, loop, runId), after);
    },

    requestStop(runId) {
      checkPathPart("run id", runId);
      const found = findRunById(context, runId);
      if (found === null) throw runNotFound(runId);
      const owner = livingOwner(readOwners(context, found.paths.stem));
      if (owner !== null) writeStopRequest(context, found.paths, { run_id: runId, epoch: owner.epoch });
    },

    archive(runId, options) {
      checkPathPart("run id", runId);
      archiveEndedRun(context, runId, options);
    },
  };
}

/** @throws LoopsError `LOOPS_CONFIG` */
function isDurable(durability: FileStoreOptions["durability"] = "process"): boolean {
  if (durability === "process" || durability === "power") return durability === "power";
  throw new LoopsError(
    "LOOPS_CONFIG",
    `[file-store] durability must be "process" or "power", not ${JSON.stringify(durability)}`,
  );
}
