import type { RunLease } from "@loops/core";
import { demand } from "../../conformance/violation.js";
import { pollUntil } from "../../wait.js";
import type { StoreCheck } from "../check.js";

function requireMark({ flushedSeq }: RunLease, seq: number, expected: string): void {
  demand(flushedSeq === seq, expected, () => `it is ${flushedSeq}`);
}

export const requestChecks: readonly StoreCheck[] = [
  {
    id: "stop-request",
    title: "a request to stop reaches the owner, and changes nothing of the run",
    needs: [],
    mend: "Keep the request apart from the state, which is its owner's alone to write.",
    async run(harness) {
      const { id, state, lease } = await harness.start();
      demand(!(await lease.stopRequested()), "stopRequested is false before anybody asked", "it is true");
      await harness.store.requestStop(id);
      const asked = await pollUntil(() => lease.stopRequested(), Boolean, harness.patienceMs / 4);
      demand(asked.content, "stopRequested becomes true soon after requestStop", "it stays false");
      harness.requireState("the run", await harness.store.find(id), { status: "running", iteration: 0 });
      await lease.commit([harness.newEvent()], { set: { iteration: 1 } });
      harness.requireState("the run", await harness.store.find(id), { ...state, iteration: 1 });
    },
  },
  {
    id: "stop-other-owner",
    title: "a request to stop never meets a later owner",
    needs: [],
    mend: "Put the epoch of the owner that is meant into the request (compare and set), and drop a request where there is no owner.",
    async run(harness) {
      const { id, lease } = await harness.start();
      await harness.store.requestStop(id);
      await lease.release();
      const second = await harness.acquire(id);
      await second.commit([harness.newEvent("loop_resume")], {});
      const former = await pollUntil(() => second.stopRequested(), Boolean, 120);
      demand(!former.content, "who goes on with a run is not stopped by what its former owner was asked", "it is");
      await second.release();
      await harness.store.requestStop(id);
      const third = await harness.acquire(id);
      const nobody = await pollUntil(() => third.stopRequested(), Boolean, 120);
      demand(!nobody.content, "a request that found no owner stops nobody later", "it does");
    },
  },
  {
    id: "flush-mark",
    title: "the mark of what has reached the sinks is never ahead, never goes back, and is there for the next owner",
    needs: [],
    mend: "Keep the highest seq that was marked, at most that of the last commit, and write it down when the run is given up at the latest.",
    async run(harness) {
      const { id, lease } = await harness.start();
      requireMark(lease, 0, "flushedSeq is 0 before anything was marked");
      await lease.commit([harness.newEvent(), harness.newEvent()], {});
      await lease.markFlushed(2);
      await lease.markFlushed(1);
      requireMark(lease, 2, "flushedSeq stays 2 when 1 is marked later");
      await lease.release();
      const next = await harness.acquire(id);
      requireMark(next, 2, "the next owner knows of flushedSeq 2");
      await next.markFlushed(99);
      requireMark(next, 3, "flushedSeq is 3 when 99 of 3 events are marked");
      await next.commit([harness.newEvent("loop_resume")], {});
      requireMark(next, 3, "flushedSeq stays 3 with the next commit");
    },
  },
];
