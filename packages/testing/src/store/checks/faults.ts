import { demand } from "../../conformance/violation.js";
import type { StoreCheck } from "../check.js";

export const faultChecks: readonly StoreCheck[] = [
  {
    id: "corrupt",
    title: "a run that cannot be read is reported beside the others, and harms none of them",
    needs: ["corruptible"],
    mend: "Catch what reading one entry throws, put it under corrupt, and go on; throw LOOPS_STATE_CORRUPT where that very run is asked for.",
    async run(harness) {
      const { store } = harness;
      const bad = await harness.end({ loop_name: "bad" });
      const good = await harness.end({ loop_name: "good" });
      harness.part("corruptible");
      await harness.subject.corrupt?.(bad.id);
      const { runs, corrupt } = await store.list();
      demand(
        harness.idsOf(runs) === good.id,
        `the list has ${good.id}, which can be read`,
        () => harness.idsOf(runs) || "none",
      );
      const reported = corrupt.map(({ where, error }) => `${where}: ${error.message}`).join("; ");
      demand(corrupt.length === 1, "one run is reported as corrupt", () => reported || "none is");
      const code = (corrupt[0]?.error as { code?: unknown } | undefined)?.code;
      demand(code === "LOOPS_STATE_CORRUPT", "its error is LOOPS_STATE_CORRUPT", () => String(code));
      const acquiring = async () => harness.acquire(bad.id);
      await harness.requireRefused("acquire of the run that cannot be read", "LOOPS_STATE_CORRUPT", acquiring);
      harness.requireState("the other run", await store.find(good.id), { status: "completed" });
      await (await harness.acquire(good.id)).commit([harness.newEvent("loop_resume")], {});
    },
  },
  {
    id: "failed-write",
    title: "a commit that cannot be written is refused, changes nothing, and the run goes on once it can be",
    needs: ["failing"],
    mend: "Change what the lease says only behind the write, take a part that was written back, and throw LOOPS_STORE_WRITE with the cause.",
    async run(harness) {
      const { id, lease } = await harness.start();
      harness.part("failing");
      await harness.subject.faults?.fail();
      const commit = () => lease.commit([harness.newEvent("lost")], { set: { iteration: 66 } });
      await harness.requireRefused("a commit that cannot be written", "LOOPS_STORE_WRITE", commit);
      harness.requireState("the state of the lease", lease.state, { iteration: 0 });
      demand(lease.seq === 1, "seq stays 1", () => `it is ${lease.seq}`);
      await harness.subject.faults?.heal();
      await lease.release();
      const next = await harness.acquire(id);
      harness.requireState("the state of the next lease", next.state, { iteration: 0 });
      const resumed = harness.newEvent("loop_resume");
      await next.commit([resumed], { set: { iteration: 1 } });
      const events = (await harness.store.readEvents("fix-types", id)).slice(1);
      harness.requireEvents("behind the first event", events, [resumed]);
    },
  },
  {
    id: "shared",
    title: "another store on the same runs sees what was committed, at once",
    needs: ["shared"],
    mend: "Write when commit is called, read when something is asked, and keep nothing in memory that another process may change.",
    async run(harness) {
      const { id, lease } = await harness.start();
      const other = await harness.reopen();
      demand((await other.list()).runs.length === 1, "another store lists the run", "it does not");
      const requireSame = async (iteration: number) => {
        harness.requireState("the run, as another store finds it", await other.find(id), { iteration });
        const here = await harness.store.readEvents("fix-types", id);
        harness.requireEvents("its events, as another store reads them", await other.readEvents("fix-types", id), here);
      };
      for (const iteration of [1, 2, 3]) {
        await lease.commit([harness.newEvent(), harness.newEvent()], { set: { iteration } });
        await requireSame(iteration);
      }
      demand(await other.isOwned(id), "another store says that the run is owned", "it says that it is not");
      await lease.release();
      demand(!(await other.isOwned(id)), "another store says that the run is free", "it says that it is owned");
      const next = await harness.acquire(id, other);
      await next.commit([harness.newEvent("loop_resume")], { set: { iteration: 4 } });
      await requireSame(4);
    },
  },
];
