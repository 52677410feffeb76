import { demand, show } from "../../conformance/violation.js";
import type { StoreCheck } from "../check.js";

const ODD_TEXT = `é 漢 🙂 \u0000 \u2028 "\\" \n\r\t \ud800`;
const LARGE = 1024 * 1024;

export const commitChecks: readonly StoreCheck[] = [
  {
    id: "state-round-trip",
    title: "the state is what the commits made of it, with fields that the store does not know",
    needs: [],
    mend: "Replace the fields of delta.set, add the entries of delta.captured to captured, and keep all other fields as they are.",
    async run(harness) {
      const { id, state, lease } = await harness.start({ note: { deep: [1, null, ODD_TEXT] }, kept: true });
      const set = { iteration: 2, note: null, added: [1.5], kept: undefined };
      await lease.commit([harness.newEvent()], { set, captured: { a: { output: "1" }, b: { output: "1" } } });
      await lease.commit([harness.newEvent()], { captured: { b: { output: ODD_TEXT } } });
      const { kept: _, ...replaced } = set;
      const expected = { ...state, ...replaced, captured: { a: { output: "1" }, b: { output: ODD_TEXT } } };
      harness.requireState("the state of the lease", lease.state, expected);
      harness.requireState("what find(run id) returns", await harness.store.find(id), expected);
      await lease.release();
      harness.requireState("the state of the next lease", (await harness.acquire(id)).state, expected);
    },
  },
  {
    id: "events",
    title: "events come back as they were committed, in order",
    needs: [],
    mend: "Keep each event whole, in the order of the commits, and add nothing to what readEvents returns.",
    async run(harness) {
      const { id, state, lease } = await harness.start();
      const [first] = await harness.store.readEvents("fix-types", id);
      const events = [
        harness.newEvent("action_output", { line: ODD_TEXT, "": 0, nested: { a: [null, true, {}] } }),
        harness.newEvent("route", { from: "a", to: "b" }),
        harness.newEvent("state_enter", { iteration: 1e21 }),
      ];
      await lease.commit(events.slice(0, 2), {});
      await lease.commit(events.slice(2), { set: { iteration: 1 } });
      demand(first !== undefined, "the first commit can be read at once", "readEvents returned none");
      const read = await harness.store.readEvents("fix-types", id);
      harness.requireEvents("readEvents returns", read, [first, ...events]);
      demand(
        (await harness.store.readEvents("types", id)).length === 0,
        `no events of the loop "types" with the id of a run of "${state.loop_name}"`,
        "some were returned",
      );
    },
  },
  {
    id: "refused-commit",
    title: "a commit that is none is refused, and changes nothing",
    needs: [],
    mend: 'Look at everything first: without an event, with a field "seq" or "commit", or with what JSON cannot carry, throw LOOPS_COMMIT before anything is written.',
    async run(harness) {
      const { id, lease } = await harness.start();
      const refused: readonly (readonly [string, Parameters<typeof lease.commit>[0]])[] = [
        ["a commit without an event", []],
        ['an event with a field "seq"', [harness.newEvent(), harness.newEvent("x", { seq: 1 })]],
        ['an event with a field "commit"', [harness.newEvent("x", { commit: {} })]],
      ];
      for (const [what, events] of refused) {
        await harness.requireRefused(what, "LOOPS_COMMIT", () => lease.commit(events, { set: { iteration: 9 } }));
      }
      harness.requireState("after refused commits, the state of the lease", lease.state, { iteration: 0 });
      harness.requireState("after refused commits, the run", await harness.store.find(id), { iteration: 0 });
      const read = await harness.store.readEvents("fix-types", id);
      demand(read.length === 1, "after refused commits, only the event from before", () => `${read.length} events`);
      await lease.commit([harness.newEvent()], {});
      demand(lease.seq === 2, "the next commit has seq 2", () => `it is ${lease.seq}`);
    },
  },
  {
    id: "odd-commit",
    title: "what JSON cannot carry comes back as it was, or the commit is refused and changes nothing",
    needs: [],
    mend: "Encode everything before anything is written, and throw LOOPS_COMMIT where that fails.",
    async run(harness) {
      const { id, lease } = await harness.start();
      const cyclic: Record<string, unknown> = {};
      cyclic["self"] = cyclic;
      for (const odd of [1n, cyclic]) {
        const before = (await harness.store.readEvents("fix-types", id)).length;
        const iteration = lease.state["iteration"];
        const events = [harness.newEvent("good"), harness.newEvent("odd", { odd })];
        const code = await harness.codeOf(() => lease.commit(events, { set: { iteration: 9, odd } }));
        const read = await harness.store.readEvents("fix-types", id);
        if (code === "no error") {
          demand(Object.is(read.at(-1)?.["odd"], odd), "what was committed comes back", () => show(read.at(-1)));
          continue;
        }
        demand(code === "LOOPS_COMMIT", "the commit is refused with LOOPS_COMMIT", () => `it ended with ${code}`);
        demand(read.length === before, "a refused commit adds no event", () => `${read.length - before} were added`);
        harness.requireState("after a refused commit, the state of the lease", lease.state, { iteration });
      }
    },
  },
  {
    id: "seq",
    title: "seq counts the events of a run from 1 without holes, over all of its owners",
    needs: [],
    mend: "Count events, not commits, and let the next owner go on from what is on record.",
    async run(harness) {
      const { id, lease } = await harness.start();
      await lease.commit([harness.newEvent(), harness.newEvent(), harness.newEvent()], {});
      demand(lease.seq === 4, "seq 4 after two commits with four events", () => `it is ${lease.seq}`);
      await lease.release();
      const next = await harness.acquire(id);
      demand(next.seq === 4, "the next owner begins with seq 4", () => `it is ${next.seq}`);
      await next.commit([harness.newEvent(), harness.newEvent()], {});
      const seqs = (await next.events(0)).map(({ seq }) => seq);
      demand(String(seqs) === "1,2,3,4,5,6", "events(0) has seq 1, 2, 3, 4, 5, 6", () => seqs.join(", "));
    },
  },
  {
    id: "events-after",
    title: "a lease's events(after) are those with a higher seq",
    needs: [],
    mend: "Leave out events with a seq up to and including `after`, also where that is in the middle of a commit.",
    async run(harness) {
      const { lease } = await harness.start();
      const events = Array.from({ length: 5 }, (_, n) => harness.newEvent("step", { n }));
      await lease.commit(events, {});
      for (const after of [1, 3, 5, 6, 99]) {
        const found = (await lease.events(after)).map(({ event }) => event);
        harness.requireEvents(`events(${after}) of six`, found, events.slice(after - 1));
      }
    },
  },
  {
    id: "read-on",
    title: "a follower that says how many events it has had is given the others",
    needs: [],
    mend: "Let readEvents(loop, runId, after) leave out the first `after` events.",
    async run(harness) {
      const { id, lease } = await harness.start();
      const { store } = harness;
      let had = (await store.readEvents("fix-types", id)).length;
      for (let round = 1; round <= 4; round++) {
        const events = Array.from({ length: round % 3 }, () => harness.newEvent());
        if (events.length > 0) await lease.commit(events, {});
        const fresh = await store.readEvents("fix-types", id, had);
        harness.requireEvents(`readEvents(loop, id, ${had}) returns`, fresh, events);
        had += fresh.length;
      }
      const tail = await store.readEvents("fix-types", id, had - 1);
      demand(tail.length === 1, `readEvents(loop, id, ${had - 1}) returns one event`, () => `${tail.length}`);
    },
  },
  {
    id: "large-text",
    title: "a text of 1 MiB in a capture or a result comes back whole",
    needs: [],
    mend: "Keep large texts apart if you like, but give them back: a capture is what the next action is given.",
    async run(harness) {
      const { id, lease } = await harness.start();
      const output = "0123456789é\n".repeat(LARGE / 12);
      const result = { output, stderr: output.slice(0, LARGE / 2), exit_code: 0, duration_ms: 1 };
      await lease.commit([harness.newEvent()], { set: { pending_result: result } });
      const set = { pending_result: null, prev_result: { output, exit_code: 0, state: "check" } };
      await lease.commit([harness.newEvent()], { set, captured: { large: result } });
      await lease.release();
      const states = {
        "the run that was found": await harness.store.find(id),
        "the next lease": (await harness.acquire(id)).state,
      };
      for (const [what, state] of Object.entries(states)) {
        const captured = state?.["captured"] as { large?: typeof result } | undefined;
        const previous = state?.["prev_result"] as { output?: string } | null | undefined;
        const whole = captured?.large?.output === output && captured.large.stderr === result.stderr;
        const seen = () => `captured is ${show(captured)}, prev_result is ${show(previous)}`;
        demand(whole && previous?.output === output, `${what} has the text twice, whole`, seen);
      }
    },
  },
];
