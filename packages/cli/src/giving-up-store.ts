import { LoopsError, type RunLease, type StateDelta, type StateStore } from "@loops/core";
import type { RunState } from "@loops/fsm";

/**
 * A store through which a worker gives its runs up instead of interrupting them: once `leaving` is aborted, it refuses to
 * record that an action begins, and that a run was interrupted. What was recorded stays, the lease is released, and the
 * run still says that it runs: it is there for the next worker, as if this one had been killed between two states.
 */
export function givingUpStore(store: StateStore<RunState>, leaving: AbortSignal): StateStore<RunState> {
  const wrap = (lease: RunLease<RunState>) => givingUpLease(lease, leaving);
  return {
    create: async (state, options) => wrap(await store.create(state, options)),
    acquire: async (runId) => wrap(await store.acquire(runId)),
    find: (nameOrRunId) => store.find(nameOrRunId),
    isOwned: (runId) => store.isOwned(runId),
    list: () => store.list(),
    history: (loop) => store.history(loop),
    readEvents: (loop, runId, after) => store.readEvents(loop, runId, after),
    requestStop: (runId) => store.requestStop(runId),
    archive: (runId, options) => store.archive(runId, options),
  };
}

/** Whether a commit begins something, or says that the run has stopped, which a worker that leaves has no right to. */
export function isToBeGivenUp({ set = {} }: StateDelta): boolean {
  return set["phase"] === "acting" || set["status"] === "interrupted";
}

function givingUpLease(lease: RunLease<RunState>, leaving: AbortSignal): RunLease<RunState> {
  return {
    runId: lease.runId,
    epoch: lease.epoch,
    lost: lease.lost,
    get state() {
      return lease.state;
    },
    get seq() {
      return lease.seq;
    },
    get flushedSeq() {
      return lease.flushedSeq;
    },
    commit(events, delta) {
      if (leaving.aborted && isToBeGivenUp(delta)) {
        throw new LoopsError("LOOPS_GIVEN_UP", `Run ${lease.runId} is given up: another worker can go on with it.`);
      }
      return lease.commit(events, delta);
    },
    events: (after) => lease.events(after),
    stopRequested: () => lease.stopRequested(),
    markFlushed: (seq) => lease.markFlushed(seq),
    release: () => lease.release(),
  };
}
