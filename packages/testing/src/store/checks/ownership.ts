import { demand } from "../../conformance/violation.js";
import type { StoreCheck } from "../check.js";

const RIVALS = 8;

export const ownershipChecks: readonly StoreCheck[] = [
  {
    id: "one-owner",
    title: "a run that is owned is not given to another",
    needs: [],
    mend: "Let acquire throw LOOPS_RUN_OWNED while the owner lives.",
    async run(harness) {
      const { id, lease } = await harness.start();
      demand(await harness.store.isOwned(id), "isOwned is true while a lease is held", "it is false");
      const take = async () => harness.acquire(id);
      await harness.requireRefused("acquire while the run's creator has it", "LOOPS_RUN_OWNED", take);
      await lease.release();
      await harness.acquire(id);
      await harness.requireRefused("acquire while its second owner has it", "LOOPS_RUN_OWNED", take);
    },
  },
  {
    id: "one-winner",
    title: "of several that want a run at the same time exactly one gets it, the others are told",
    needs: [],
    mend: "Take a run in one step (an exclusive file, a conditional UPDATE, SET NX), not by looking and then writing.",
    async run(harness) {
      const { id, lease } = await harness.start();
      await lease.release();
      const stores = [harness.store];
      if (harness.capabilities.shared === true) while (stores.length < RIVALS) stores.push(await harness.reopen());
      const rivals = Array.from({ length: RIVALS }, (_, n) => stores[n % stores.length] ?? harness.store);
      const codes = await Promise.all(rivals.map((store) => harness.codeOf(async () => harness.acquire(id, store))));
      const winners = codes.filter((code) => code === "no error").length;
      const losers = codes.filter((code) => code === "LOOPS_RUN_OWNED").length;
      demand(
        winners === 1 && losers === RIVALS - 1,
        `of ${RIVALS} calls of acquire one succeeds, and the others are refused with LOOPS_RUN_OWNED`,
        () => codes.join(", "),
      );
    },
  },
  {
    id: "epoch",
    title: "the fencing token rises with each owner",
    needs: [],
    mend: "Keep the last epoch with the run, and give the next owner a higher one, also where the last owner committed nothing.",
    async run(harness) {
      const { id, lease } = await harness.start();
      let last = lease.epoch;
      await lease.release();
      for (const commits of [true, false, true]) {
        const next = await harness.acquire(id);
        demand(next.epoch > last, `the next owner has an epoch above ${last}`, () => `it is ${next.epoch}`);
        last = next.epoch;
        if (commits) await next.commit([harness.newEvent("loop_resume")], {});
        await next.release();
      }
    },
  },
  {
    id: "release",
    title: "who has given a run up writes nothing more, and the run is free",
    needs: [],
    mend: "Let release give the run up, let it be called again, and let commit throw LOOPS_LEASE_LOST from then on.",
    async run(harness) {
      const { id, lease } = await harness.start();
      await lease.release();
      await lease.release();
      demand(!(await harness.store.isOwned(id)), "isOwned is false once the lease is given up", "it is true");
      const late = () => lease.commit([harness.newEvent("late")], { set: { iteration: 66 } });
      await harness.requireRefused("a commit after release", "LOOPS_LEASE_LOST", late);
      const next = await harness.acquire(id);
      await harness.requireRefused("a commit after release and another owner", "LOOPS_LEASE_LOST", late);
      await next.commit([harness.newEvent("loop_resume")], {});
      // Once more: this must not give up what is another's.
      await lease.release();
      demand(
        await harness.store.isOwned(id),
        "a release of the former owner leaves the present one alone",
        "it is gone",
      );
      harness.requireState("the run", await harness.store.find(id), { iteration: 0 });
    },
  },
];
