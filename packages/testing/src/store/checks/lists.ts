import { demand } from "../../conformance/violation.js";
import type { StoreCheck } from "../check.js";

/** Newest last, and not in the order in which they will be made. */
const STARTS = ["2026-01-03T00:00:00.000Z", "2026-01-01T00:00:00.000Z", "2026-01-02T00:00:00.000Z"];

export const listChecks: readonly StoreCheck[] = [
  {
    id: "unborn-run",
    title: "a run that was given up before its first commit never was",
    needs: [],
    mend: "Let a run be seen from its first commit on, and let release forget one without a commit.",
    async run(harness) {
      const { store } = harness;
      const state = harness.newRun();
      const lease = harness.keep(await store.create(state));
      await lease.release();
      demand((await store.find(state.run_id)) === null, "find(run id) is null", "there is a run");
      demand((await store.list()).runs.length === 0, "the list is empty", "there is a run in it");
      const again = harness.keep(await store.create(state));
      await again.commit([harness.newEvent("loop_start")], {});
      harness.requireState("a run with the same id", await store.find(state.run_id), { iteration: 0 });
    },
  },
  {
    id: "find",
    title: "find returns the latest run of a loop by its exact name, or the run with that id",
    needs: [],
    mend: "Compare whole names, take the newest started_at, and look for an id where no loop has that name.",
    async run(harness) {
      const runs = [];
      for (const started_at of STARTS) runs.push(await harness.start({ started_at }));
      for (const loop_name of ["fix-types-2", "types", "fix"])
        await harness.start({ loop_name, started_at: "2027-01-01T00:00:00.000Z" });
      const { store } = harness;
      const latest = await store.find("fix-types");
      const seen = () => `it returned ${latest?.run_id} of ${latest?.loop_name}, started at ${latest?.started_at}`;
      demand(latest?.run_id === runs[0]?.id, `find("fix-types") returns the run of that loop that started last`, seen);
      for (const { id } of runs) harness.requireState(`find("${id}")`, await store.find(id), { run_id: id });
      for (const nothing of ["fix-type", "ix-types", "fix-types-", "01KIT"]) {
        const found = await store.find(nothing);
        demand(
          found === null,
          `find("${nothing}") is null`,
          () => `it returned ${found?.run_id} of ${found?.loop_name}`,
        );
      }
    },
  },
  {
    id: "find-child",
    title: "a run with a parent is found by its id only, and clears nothing",
    needs: [],
    mend: "Leave runs with a parent_run_id out when you look for a name, and let create of one leave all others alone.",
    async run(harness) {
      const { store } = harness;
      const parent = await harness.start({ loop_name: "parent" });
      const own = await harness.end();
      const child = await harness.end({ parent_run_id: parent.id }, { clearPrevious: true });
      const only = await harness.end({ loop_name: "only-a-child", parent_run_id: parent.id });
      const found = await store.find("fix-types");
      demand(
        found?.run_id === own.id,
        "find(name) returns the run that has no parent",
        () => `it returned ${found?.run_id}`,
      );
      harness.requireState("find(child's id)", await store.find(child.id), {
        run_id: child.id,
        parent_run_id: parent.id,
      });
      demand(
        (await store.find("only-a-child")) === null,
        "find(name) of a loop that only ran as a child is null",
        "it is not",
      );
      await harness.start({}, { clearPrevious: true });
      const ids = harness.idsOf((await store.list()).runs);
      const stays = ids.includes(child.id) && ids.includes(only.id);
      demand(
        stays,
        "a new run of the loop leaves the child of a parent that is still there alone",
        `the list has ${ids}`,
      );
    },
  },
  {
    id: "list",
    title: "the list has every run that is not archived: those that run, those that have ended, and children",
    needs: [],
    mend: "Leave out what is archived, and nothing else.",
    async run(harness) {
      const running = await harness.start();
      const beside = await harness.start();
      const child = await harness.start({ parent_run_id: running.id });
      const ended = await harness.end({ loop_name: "another" });
      const interrupted = await harness.start({ loop_name: "third" });
      await interrupted.lease.commit([harness.newEvent("loop_complete")], { set: { status: "interrupted" } });
      await interrupted.lease.release();
      const { runs, corrupt } = await harness.store.list();
      const expected = [running, beside, child, ended, interrupted]
        .map(({ id }) => id)
        .sort()
        .join(", ");
      demand(
        harness.idsOf(runs) === expected,
        `the list has ${expected}`,
        () => `it has ${harness.idsOf(runs) || "none"}`,
      );
      demand(corrupt.length === 0, "nothing is reported as corrupt", () =>
        corrupt.map(({ where }) => where).join(", "),
      );
    },
  },
  {
    id: "history",
    title: "the history has the archived runs of exactly that loop, newest first",
    needs: [],
    mend: "Sort by started_at, descending, and compare whole names.",
    async run(harness) {
      const { store } = harness;
      const expected: string[] = [];
      for (const started_at of STARTS) {
        for (const loop_name of ["types", "fix-types", "types-2"]) {
          const { id } = await harness.end({ loop_name, started_at });
          await store.archive(id);
          if (loop_name === "types") expected.push(id);
        }
      }
      await harness.start({ loop_name: "types" });
      const [newest, oldest, middle] = expected;
      const { runs, corrupt } = await store.history("types");
      const ids = runs.map((run) => run.run_id).join(", ");
      demand(
        ids === [newest, middle, oldest].join(", "),
        `history("types") has ${[newest, middle, oldest].join(", ")}`,
        () => ids,
      );
      demand(corrupt.length === 0, "nothing is reported as corrupt", () =>
        corrupt.map(({ where }) => where).join(", "),
      );
      demand((await store.history("type")).runs.length === 0, `history("type") is empty`, "it is not");
    },
  },
  {
    id: "run-exists",
    title: "an id is used once: the second run with it is refused, also when the first is archived",
    needs: [],
    mend: "Make the run in one step that fails where the id is taken, and look into the archive too.",
    async run(harness) {
      const { id, lease } = await harness.start();
      const again = async (loop_name: string) => {
        const code = await harness.codeOf(async () =>
          harness.keep(await harness.store.create(harness.newRun({ run_id: id, loop_name }))),
        );
        demand(
          code === "LOOPS_RUN_EXISTS",
          "create with an id that is taken is refused with LOOPS_RUN_EXISTS",
          `it ended with ${code}`,
        );
      };
      await again("fix-types");
      await again("another");
      await lease.commit([harness.newEvent("loop_complete")], { set: { status: "completed" } });
      await lease.release();
      await again("fix-types");
      await harness.store.archive(id);
      await again("fix-types");
    },
  },
  {
    id: "not-found",
    title: "what is not there is told by a code, or is empty",
    needs: [],
    mend: "Throw LOOPS_RUN_NOT_FOUND from acquire, requestStop and archive; find returns null, readEvents and history are empty, isOwned is false.",
    async run(harness) {
      const { store } = harness;
      await harness.start();
      const nobody = "01KITUNKNOWN";
      await harness.requireRefused("acquire of an unknown run", "LOOPS_RUN_NOT_FOUND", () => store.acquire(nobody));
      await harness.requireRefused("requestStop of an unknown run", "LOOPS_RUN_NOT_FOUND", () =>
        store.requestStop(nobody),
      );
      await harness.requireRefused("archive of an unknown run", "LOOPS_RUN_NOT_FOUND", () => store.archive(nobody));
      demand((await store.find(nobody)) === null, "find of an unknown run is null", "it is not");
      demand(!(await store.isOwned(nobody)), "isOwned of an unknown run is false", "it is true");
      demand((await store.readEvents("fix-types", nobody)).length === 0, "an unknown run has no events", "it has some");
      const { runs, corrupt } = await store.history("unknown");
      demand(runs.length + corrupt.length === 0, "the history of an unknown loop is empty", "it is not");
    },
  },
];
