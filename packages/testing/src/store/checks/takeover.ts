import { ownIdentity } from "@loops/core/process";
import { demand } from "../../conformance/violation.js";
import type { StoreCheck } from "../check.js";
import { DEAD_PID, type StoreHarness } from "../harness.js";

/** An owner that is taken for dead, and lives: the machine slept, or somebody was wrong. Then another takes the run. */
async function overtake(harness: StoreHarness) {
  const run = await harness.start();
  await harness.setOwner(run.id, { ...ownIdentity(), pid: DEAD_PID, start_time: "1" });
  const heir = await harness.acquire(run.id, harness.capabilities.shared === true ? await harness.reopen() : undefined);
  return { ...run, heir };
}

export const takeoverChecks: readonly StoreCheck[] = [
  {
    id: "dead-owner",
    title: "a run whose owner is dead is free",
    needs: ["owners"],
    mend: "Keep pid, start time, boot and host of the owner, and ask the system whether that process lives: isAlive of @loops/core/process does.",
    async run(harness) {
      const { id } = await harness.start();
      await harness.setOwner(id, { ...ownIdentity(), pid: DEAD_PID, start_time: "1" });
      demand(!(await harness.store.isOwned(id)), "isOwned is false where the owner is dead", "it is true");
      await harness.acquire(id);
      demand(await harness.store.isOwned(id), "isOwned is true once another has taken it", "it is false");
    },
  },
  {
    id: "pid-reuse",
    title: "a process that has the pid of a dead owner is not that owner",
    needs: ["owners"],
    mend: "Compare the start time and the boot beside the pid: isAlive of @loops/core/process does.",
    async run(harness) {
      const own = ownIdentity();
      for (const [what, owner] of [
        ["another start time", { ...own, start_time: "1" }],
        ["another boot", { ...own, boot_id: "another-boot" }],
      ] as const) {
        const { id } = await harness.start();
        await harness.setOwner(id, owner);
        // A machine that was started anew has renewed nothing since: of one that only has the same name, the lease tells.
        if (harness.capabilities.leases === true && owner.boot_id !== own.boot_id) await harness.expire(id);
        const expected = `an owner with the pid of a living process, and ${what}, counts as dead`;
        demand(!(await harness.store.isOwned(id)), expected, "isOwned is true");
        const code = await harness.codeOf(async () => harness.acquire(id));
        demand(code === "no error", expected, () => `acquire ended with ${code}`);
      }
    },
  },
  {
    id: "living-owner",
    title: "a run is not taken from a process that lives, and not from one on another machine",
    needs: ["owners"],
    mend: "Only who is known to be dead is dead: whether a process on another host lives cannot be seen from here.",
    async run(harness) {
      const { id } = await harness.start();
      for (const [what, owner] of [
        ["a living process on this machine", ownIdentity()],
        [
          "a process on another machine",
          { ...ownIdentity(), pid: DEAD_PID, start_time: "1", host: "elsewhere.invalid" },
        ],
      ] as const) {
        await harness.setOwner(id, owner);
        await harness.requireRefused(`acquire while ${what} owns the run`, "LOOPS_RUN_OWNED", async () =>
          harness.acquire(id),
        );
      }
    },
  },
  {
    id: "expired-lease",
    title: "a run is free once its owner on another machine has let the lease run out, and that owner is refused",
    needs: ["owners", "leases"],
    mend: "Compare the end of the lease with the clock of the store, raise the epoch with the new owner, and compare it in each commit.",
    async run(harness) {
      const { id, lease } = await harness.start();
      const elsewhere = { ...ownIdentity(), pid: DEAD_PID, start_time: "1", host: "elsewhere.invalid" };
      await harness.setOwner(id, elsewhere);
      demand(await harness.store.isOwned(id), "isOwned is true while the lease holds", "it is false");
      await harness.expire(id);
      demand(!(await harness.store.isOwned(id)), "isOwned is false once the lease is over", "it is true");
      const heir = await harness.acquire(id);
      await harness.requireRefused("a commit of the former owner", "LOOPS_LEASE_LOST", () =>
        lease.commit([harness.newEvent("late")], { set: { iteration: 66 } }),
      );
      await heir.commit([harness.newEvent("loop_resume")], { set: { iteration: 2 } });
      harness.requireState("the run", await harness.store.find(id), { iteration: 2 });
    },
  },
  {
    id: "stale-writer",
    title: "an owner that wakes after its lease was taken is refused, and nothing of it counts",
    needs: ["owners"],
    mend: "Compare the epoch of the lease with that on record in the same step that writes (the fencing token), and throw LOOPS_LEASE_LOST.",
    async run(harness) {
      const { id, lease, heir } = await overtake(harness);
      const { store } = harness;
      const before = await store.readEvents("fix-types", id);
      for (const [what, set] of [
        ["an intent", { phase: "acting", iteration: 66 }],
        ["a result", { phase: "acted", iteration: 66 }],
      ] as const) {
        const commit = () => lease.commit([harness.newEvent("stale")], { set });
        await harness.requireRefused(`${what} of an owner that was overtaken`, "LOOPS_LEASE_LOST", commit);
      }
      const resumed = harness.newEvent("loop_resume");
      await heir.commit([resumed], { set: { iteration: 2 } });
      const late = () => lease.commit([harness.newEvent("stale")], { set: { iteration: 99 } });
      await harness.requireRefused("a commit behind one of the new owner", "LOOPS_LEASE_LOST", late);
      harness.requireState("the run", await store.find(id), { iteration: 2 });
      harness.requireEvents("its events", await store.readEvents("fix-types", id), [...before, resumed]);
    },
  },
  {
    id: "stale-release",
    title: "an owner that wakes after its lease was taken gives nothing up but its own",
    needs: ["owners"],
    mend: "Release only where the epoch on record is that of the lease.",
    async run(harness) {
      const { id, lease, heir } = await overtake(harness);
      await heir.commit([harness.newEvent("loop_resume")], { set: { iteration: 2 } });
      await lease.release();
      demand(await harness.store.isOwned(id), "the new owner still has the run", "it was given up by the former one");
      await heir.commit([harness.newEvent()], { set: { iteration: 3 } });
      harness.requireState("the run", await harness.store.find(id), { iteration: 3 });
    },
  },
];
