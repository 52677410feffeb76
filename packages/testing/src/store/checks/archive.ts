import { demand } from "../../conformance/violation.js";
import type { StoreCheck } from "../check.js";

export const archiveChecks: readonly StoreCheck[] = [
  {
    id: "previous-run",
    title: "a new run archives what is left of the loop's previous run, unless its owner lives or it is told not to",
    needs: [],
    mend: "Archive in create, by the exact name of the loop, only what nobody owns, and nothing with clearPrevious: false.",
    async run(harness) {
      const { store } = harness;
      const names = async () => ({
        live: harness.idsOf((await store.list()).runs.filter((run) => run.loop_name === "fix-types")),
        archived: harness.idsOf((await store.history("fix-types")).runs),
      });
      const requireIds = async (when: string, live: readonly string[], archived: readonly string[]) => {
        const seen = await names();
        const expected = { live: [...live].sort().join(", "), archived: [...archived].sort().join(", ") };
        const same = seen.live === expected.live && seen.archived === expected.archived;
        const text = ({ live, archived }: typeof seen) => `live ${live || "none"}; archived ${archived || "none"}`;
        demand(same, `${when}: ${text(expected)}`, () => text(seen));
      };
      await harness.start({ loop_name: "another" });
      const alive = await harness.start();
      const second = await harness.start({}, { clearPrevious: true });
      await requireIds("a new run beside one whose owner lives", [alive.id, second.id], []);
      await second.lease.commit([harness.newEvent("loop_complete")], { set: { status: "failed" } });
      await second.lease.release();
      const third = await harness.start({}, { clearPrevious: false });
      await requireIds("a new run that is told to clear nothing", [alive.id, second.id, third.id], []);
      await alive.lease.commit([harness.newEvent("loop_complete")], { set: { status: "interrupted" } });
      await alive.lease.release();
      const fourth = await harness.start({}, { clearPrevious: true });
      await requireIds("a new run once the others have ended", [third.id, fourth.id], [alive.id, second.id]);
      const code = await harness.codeOf(async () => harness.acquire(alive.id));
      demand(code === "LOOPS_RUN_NOT_FOUND", "acquire of an archived run is refused with LOOPS_RUN_NOT_FOUND", code);
    },
  },
  {
    id: "archive",
    title: "archive moves a run that has ended into the history, whole, and can be called again",
    needs: [],
    mend: "Make the copy whole before the original goes, and let a run that is archived already be.",
    async run(harness) {
      const { store } = harness;
      const { id, lease } = await harness.start();
      const archive = () => store.archive(id);
      await lease.commit([harness.newEvent("loop_complete")], {
        set: { status: "completed", iteration: 7 },
        captured: { large: { output: "x".repeat(100_000) } },
      });
      await harness.requireRefused("archive of a run that is owned", "LOOPS_RUN_OWNED", archive);
      await lease.release();
      const events = await store.readEvents("fix-types", id);
      await archive();
      await archive();
      demand((await store.find(id)) === null, "find does not find an archived run", "it does");
      const { runs } = await store.history("fix-types");
      demand(runs.length === 1, "the history has it once", () => `${runs.length} times`);
      const expected = { run_id: id, iteration: 7, captured: { large: { output: "x".repeat(100_000) } } };
      harness.requireState("the archived run", runs[0] ?? null, expected);
      harness.requireEvents("its events", await store.readEvents("fix-types", id), events);
    },
  },
  {
    id: "archive-resumable",
    title: "archive refuses a run that can be gone on with, unless it is told that this is meant",
    needs: [],
    mend: "Look at the status: only completed, failed and timed_out have ended. With resumable, do not.",
    async run(harness) {
      for (const status of ["running", "interrupted", "awaiting_continuation"]) {
        const { id, lease } = await harness.start();
        await lease.commit([harness.newEvent()], { set: { status } });
        await lease.release();
        await harness.requireRefused(`archive of a run that is ${status}`, "LOOPS_RUN_NOT_ENDED", () =>
          harness.store.archive(id),
        );
        harness.requireState("the run", await harness.store.find(id), { status });
        await harness.store.archive(id, { resumable: true });
        demand(
          (await harness.store.find(id)) === null,
          `with resumable, a run that is ${status} is archived`,
          "it is not",
        );
      }
    },
  },
  {
    id: "archive-children",
    title: "the children of a run are archived with it",
    needs: [],
    mend: "Archive what has the run as its parent_run_id, and its children in turn, before the run itself.",
    async run(harness) {
      const { store } = harness;
      const parent = await harness.end({ loop_name: "parent" });
      const child = await harness.end({ loop_name: "child", parent_run_id: parent.id });
      const grandchild = await harness.end({ loop_name: "grandchild", parent_run_id: child.id });
      const other = await harness.end({ loop_name: "child", parent_run_id: "01KITANOTHER" });
      await store.archive(parent.id);
      const live = harness.idsOf((await store.list()).runs);
      demand(live === other.id, `only ${other.id}, a child of another run, is left`, () => live || "none is left");
      const archived = harness.idsOf((await store.history("grandchild")).runs);
      demand(
        archived === grandchild.id,
        "the child of the child is in the history of its loop",
        () => archived || "none is",
      );
    },
  },
];
