import type { LoopEvent, StateDelta } from "@loops/core";
import { LineSplitter, type NdjsonRecord, parseLine } from "@loops/core/ndjson";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RunState } from "../run-state.js";
import { applyDelta } from "../step/delta.js";
import { encodeCommit } from "./commit-codec.js";
import { type Recovery, recover } from "./recover.js";

/** Reads a journal as a file is read. */
function recordsOf(journal: Buffer, from = 0): readonly NdjsonRecord[] {
  const splitter = new LineSplitter({ start: from });
  const lines = [...splitter.push(journal.subarray(from))];
  const last = splitter.end();
  if (last !== null) lines.push(last);
  return lines.flatMap(({ bytes, start, end, torn }) => {
    const parsed = parseLine(bytes);
    return parsed.kind === "record" ? [{ value: parsed.value, start, end, torn }] : [];
  });
}

const stateOf = (recovery: Recovery, base = {} as RunState) =>
  recovery.commits.reduce((state, commit) => applyDelta(state, commit.delta), base);
const eventsOf = (recovery: Recovery) => recovery.commits.flatMap((commit) => commit.events);

interface Commit {
  readonly events: readonly LoopEvent[];
  readonly delta: StateDelta;
}

const events = fc.array(
  fc.record({
    event: fc.constantFrom("state_enter", "route"),
    ts: fc.constant("t"),
    id: fc.string(),
    line: fc.string({ unit: "binary" }),
  }),
  { minLength: 1, maxLength: 4 },
);
const delta = fc.record(
  {
    set: fc.dictionary(fc.constantFrom("phase", "iteration", "captured"), fc.constantFrom("a", "b", null)),
    captured: fc.dictionary(fc.constantFrom("x", "y", "__proto__"), fc.record({ output: fc.string() })),
  },
  { requiredKeys: [] },
);
const commit: fc.Arbitrary<Commit> = fc.record({ events, delta }).map(({ events: list, delta: change }) => ({
  events: list,
  delta: JSON.parse(JSON.stringify(change)) as StateDelta,
}));

/** An owner that writes as a lease does: it knows what was committed when it came, and nothing of other owners after. */
class Writer {
  readonly accepted: Commit[];
  readonly #epoch: number;

  constructor(epoch: number, seen: readonly Commit[]) {
    this.#epoch = epoch;
    this.accepted = [...seen];
  }

  write({ events: list, delta: change }: Commit): Buffer {
    const firstSeq = this.accepted.reduce((sum, each) => sum + each.events.length, 1);
    this.accepted.push({ events: list, delta: change });
    return Buffer.from(
      encodeCommit({ runId: "R", epoch: this.#epoch, firstSeq, events: list, delta: change, whole: false }),
    );
  }
}

function expectRecovered(recovery: Recovery, accepted: readonly Commit[]): void {
  const all = accepted.flatMap((each) => each.events);
  expect(eventsOf(recovery)).toEqual(all);
  expect(stateOf(recovery)).toEqual(accepted.reduce((state, each) => applyDelta(state, each.delta), {} as RunState));
  expect(recovery.seq).toBe(all.length);
  expect(recovery.gap).toBe(null);
}

describe("recover", () => {
  it("cut at any byte, a journal gives the state and the events of its last whole commit", () => {
    fc.assert(
      fc.property(fc.array(commit, { maxLength: 8 }), fc.nat(), (commits, cut) => {
        const writer = new Writer(1, []);
        const pieces = commits.map((each) => writer.write(each));
        const whole = Buffer.concat(pieces);
        const size = whole.length === 0 ? 0 : cut % (whole.length + 1);
        let end = 0;
        let complete = 0;
        for (const piece of pieces) {
          if (end + piece.length > size) break;
          end += piece.length;
          complete += 1;
        }
        const recovery = recover(recordsOf(whole.subarray(0, size)));
        expectRecovered(recovery, commits.slice(0, complete));
        expect(recovery.offset).toBe(end);
      }),
    );
  });

  it("goes on from any commit as if it had read the journal from the start", () => {
    fc.assert(
      fc.property(fc.array(commit, { minLength: 1, maxLength: 8 }), fc.nat(), (commits, choice) => {
        const writer = new Writer(1, []);
        const journal = Buffer.concat(commits.map((each) => writer.write(each)));
        const whole = recover(recordsOf(journal));
        const base = whole.commits[choice % whole.commits.length];
        if (base === undefined) throw new Error("There is at least one commit.");
        const from = { seq: base.lastSeq, epoch: base.epoch, offset: base.end };
        const tail = recover(recordsOf(journal, base.end), from);
        expect({ seq: tail.seq, offset: tail.offset, gap: tail.gap }).toEqual({
          seq: whole.seq,
          offset: whole.offset,
          gap: null,
        });
        expect(tail.commits).toEqual(whole.commits.filter((each) => each.firstSeq > base.lastSeq));
      }),
    );
  });

  it("of owners that write at the same time, the newest counts: an older one is ignored behind its first commit", () => {
    const write = fc.record({ by: fc.nat(2), commit });
    fc.assert(
      fc.property(fc.array(commit, { maxLength: 4 }), fc.array(write, { maxLength: 12 }), (before, writes) => {
        const owners: Writer[] = [new Writer(1, [])];
        const pieces: Buffer[] = before.map((each) => (owners[0] as Writer).write(each));
        let newest = 0;
        for (const { by, commit: each } of writes) {
          // `by` 0 and 1: one of the owners there are; 2: a new owner comes, having read what counts by then.
          if (by === 2) owners.push(new Writer(owners.length + 1, (owners[newest] as Writer).accepted));
          const index = by === 2 ? owners.length - 1 : Math.min(by, owners.length - 1);
          pieces.push((owners[index] as Writer).write(each));
          newest = Math.max(newest, index);
        }
        expectRecovered(recover(recordsOf(Buffer.concat(pieces))), (owners[newest] as Writer).accepted);
      }),
    );
  });

  it("undoes what an older owner still committed while a new one had come and not written yet", () => {
    const commitOf = (name: string): Commit => ({
      events: [1, 2].map((n) => ({ event: name, ts: "t", id: `${name}-${n}` })),
      delta: { set: { [name]: true } },
    });
    const [first, unseen, next] = [commitOf("first"), commitOf("unseen"), commitOf("next")];
    const older = new Writer(1, []);
    const start = older.write(first);
    const newer = new Writer(2, older.accepted);
    const journal = Buffer.concat([start, older.write(unseen), newer.write(next), older.write(unseen)]);
    expectRecovered(recover(recordsOf(journal)), [first, next]);
    // From a view behind what is undone there is no way on: the whole journal must be read.
    const unseenEnd = recover(recordsOf(journal)).commits[0]?.end ?? 0;
    expect(recover(recordsOf(journal, unseenEnd), { seq: 4, epoch: 1, offset: unseenEnd }).gap).not.toBe(null);
  });

  it("is not misled by a part that an older owner could not take back", () => {
    const lines = (name: string): Commit => ({
      events: [1, 2, 3].map((n) => ({ event: name, ts: "t", id: `${name}-${n}` })),
      delta: { set: { [name]: true } },
    });
    const older = new Writer(1, []);
    const start = older.write(lines("first"));
    const newer = new Writer(2, older.accepted);
    const torn = older.write(lines("torn")).toString().split("\n").slice(0, 2).join("\n");
    const journal = Buffer.concat([start, newer.write(lines("a")), Buffer.from(`${torn}\n`), newer.write(lines("b"))]);
    expectRecovered(recover(recordsOf(journal)), [lines("first"), lines("a"), lines("b")]);
  });

  it("reports a hole, and still gives the events behind it to those who only read", () => {
    const writer = new Writer(1, []);
    const one = writer.write({ events: [{ event: "a", ts: "t", id: "1" }], delta: {} });
    const two = writer.write({
      events: ["2", "3", "4"].map((id) => ({ event: "b", ts: "t", id })),
      delta: {},
    });
    const damaged = two.toString().split("\n");
    damaged[1] = "~".repeat(damaged[1]?.length ?? 0);
    const recovery = recover(recordsOf(Buffer.concat([one, Buffer.from(damaged.join("\n"))])));
    expect(recovery.gap).toMatchObject({ expectedSeq: 2, foundSeq: 4 });
    expect(eventsOf(recovery).map((event) => event.id)).toEqual(["1", "2", "4"]);
  });
});
