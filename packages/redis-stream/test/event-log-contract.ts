import type { EventLog, LoopEvent, TailItem } from "@loops/core";
import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";

/** One log to be tried, fresh. */
export interface LogSubject {
  readonly log: EventLog;
  /** Drops the oldest entries, so that so many are left. */
  keep(entries: number): Promise<void>;
  /** Ends every tail. */
  close(): void;
  /** A log whose cursors are of another life. */
  another(): Promise<EventLog>;
}

let count = 0;

const event = (name: string, fields: Record<string, unknown> = {}): LoopEvent => ({
  event: name,
  ts: "2024-01-15T10:30:00.000Z",
  id: `contract-${++count}`,
  ...fields,
});

const shown = (item: TailItem | undefined) => (item?.type === "gap" ? { missed: item.missed } : item?.event.event);

/** What core promises of an `EventLog`, tried on one. */
export function eventLogContract(name: string, create: () => Promise<LogSubject>): void {
  const make = async (...names: string[]) => {
    const subject = await create();
    onTestFinished(() => subject.close());
    return { ...subject, cursors: await append(subject.log, ...names) };
  };

  describe(name, () => {
    it("append returns the cursor that query gives, and a query since it goes on after it", async () => {
      const { log, cursors } = await make("a", "b", "c");
      const page = await log.query();
      expect(page.events.map(({ cursor }) => cursor)).toEqual(cursors);
      expect(page).toMatchObject({ gap: false, oldest: cursors[0], newest: cursors[2], next: cursors[2] });
      expect(await named(log, cursors[0])).toEqual([false, "b", "c"]);
      expect(await named(log, cursors[2])).toEqual([false]);
    });

    it("gives back each event as it was", async () => {
      const { log } = await make();
      const sent = event("odd", {
        run_id: "r",
        n: [1, { x: null }],
        text: 'é\n"\u0000',
        arena: "",
        phase: 5,
        payload: {},
      });
      await log.append(sent);
      expect((await log.query()).events.map((entry) => entry.event)).toEqual([sent]);
    });

    it("an empty log has a head: what comes after it is read from there", async () => {
      const { log } = await make();
      const empty = await log.query();
      expect(empty).toMatchObject({ events: [], gap: false, oldest: null, next: empty.newest });
      await append(log, "a");
      expect(await named(log, empty.newest)).toEqual([false, "a"]);
      expect(await named(log, empty.next)).toEqual([false, "a"]);
    });

    it("limit is so many of the oldest, 0 none, negative no bound; next goes on", async () => {
      const { log, cursors } = await make("a", "b", "c", "d", "e");
      const page = await log.query({ since: cursors[0], limit: 2 });
      expect(names(page)).toEqual(["b", "c"]);
      expect(await named(log, page.next)).toEqual([false, "d", "e"]);
      expect(names(await log.query({ limit: -1 }))).toHaveLength(5);
      const none = await log.query({ since: cursors[1], limit: 0 });
      expect([names(none), none.newest]).toEqual([[], cursors[4]]);
      expect(await named(log, none.next)).toEqual([false, "c", "d", "e"]);
      const start = await log.query({ limit: 0 });
      expect(await named(log, start.next)).toEqual([false, "a", "b", "c", "d", "e"]);
    });

    it("filters by globs; limit counts what matched, next goes on after what was looked at", async () => {
      const { log } = await make("loop_start", "state_enter", "issue.closed", "state_enter", "loop_complete");
      expect(names(await log.query({ filter: "loop_*" }))).toEqual(["loop_start", "loop_complete"]);
      expect(names(await log.query({ filter: ["issue.*", "loop_s*"] }))).toEqual(["loop_start", "issue.closed"]);
      expect(names(await log.query({ filter: [] }))).toEqual([]);
      const page = await log.query({ filter: "state_*", limit: 1 });
      expect(names(page)).toEqual(["state_enter"]);
      expect(names(await log.query({ filter: "state_*", limit: 1, since: page.next }))).toEqual(["state_enter"]);
      const none = await log.query({ filter: "absent" });
      expect((await log.query({ since: none.next })).events).toEqual([]);
    });

    it("says that there is a gap when what came after since is gone, and only then", async () => {
      const { log, cursors, keep } = await make("a", "b", "c", "d");
      await keep(2);
      expect(await named(log, cursors[0])).toEqual([true, "c", "d"]);
      expect(await named(log, cursors[1])).toEqual([false, "c", "d"]);
      const page = await log.query();
      expect([page.gap, page.oldest]).toEqual([false, cursors[2]]);
      await keep(0);
      expect(await named(log, cursors[1])).toEqual([true]);
      expect(await named(log, cursors[3])).toEqual([false]);
      expect((await log.query()).oldest).toBeNull();
    });

    it("a cursor of another life, and one that cannot be read, is a gap and gives all that is kept", async () => {
      const { log, another } = await make("a", "b");
      const [foreign] = await append(await another(), "x");
      for (const since of [foreign, "", "1", "nonsense", "of another life:1"]) {
        expect(await named(log, since)).toEqual([true, "a", "b"]);
      }
    });

    it("a tail yields what comes after the call, even before the first next", async () => {
      const { log } = await make("before");
      const tail = follow(log);
      await append(log, "a", "b");
      expect(await tail.take(2)).toEqual(["a", "b"]);
    });

    it("a tail starts after since: first what is kept, then what comes, with cursors that go on", async () => {
      const { log, cursors } = await make("a", "b", "c");
      const tail = follow(log, { since: cursors[0] });
      const [b] = await tail.items(1);
      expect(b).toMatchObject({ type: "event", cursor: cursors[1] });
      expect(await tail.take(1)).toEqual(["c"]);
      const next = tail.take(1);
      await append(log, "d");
      expect(await next).toEqual(["d"]);
    });

    it("a tail yields only what the filter matches", async () => {
      const { log } = await make();
      const tail = follow(log, { filter: ["loop_*", "x"] });
      await append(log, "a", "loop_start", "b", "x");
      expect(await tail.take(2)).toEqual(["loop_start", "x"]);
    });

    it("a tail tells how many are gone, then goes on; from the place of a gap nobody is told again", async () => {
      const { log, cursors, keep } = await make("a", "b", "c", "d", "e");
      await keep(2);
      for (const [since, missed] of [
        [cursors[0], 2],
        ["of another life:1", null],
      ] as const) {
        const tail = follow(log, { since });
        const [gap] = await tail.items(1);
        expect(gap).toMatchObject({ type: "gap", missed });
        expect(await tail.take(2)).toEqual(["d", "e"]);
        expect(await follow(log, { since: gap?.cursor }).take(2)).toEqual(["d", "e"]);
        expect(await named(log, gap?.cursor)).toEqual([false, "d", "e"]);
      }
    });

    it("a tail tells of what is gone even if nothing comes after it, whatever the filter", async () => {
      const { log, cursors, keep } = await make("a", "b", "c");
      await keep(0);
      expect(await follow(log, { since: cursors[0], filter: "none" }).take(1)).toEqual([{ missed: 2 }]);
    });

    it("several nexts that wait are answered in order, and two tails do not take from each other", async () => {
      const { log } = await make();
      const [one, two] = [follow(log), follow(log)];
      const nexts = [one.take(1), one.take(1), one.take(1)];
      await append(log, "a", "b", "c");
      expect((await Promise.all(nexts)).flat()).toEqual(["a", "b", "c"]);
      expect(await two.take(3)).toEqual(["a", "b", "c"]);
    });

    it("return, an abort and close end a tail that waits", async () => {
      const { log, close } = await make("a");
      const controller = new AbortController();
      const tails = [follow(log), follow(log, { signal: controller.signal }), follow(log)] as const;
      const nexts = tails.map((tail) => tail.items(1));
      await tails[0].end();
      controller.abort();
      expect(await nexts[0]).toEqual([]);
      expect(await nexts[1]).toEqual([]);
      close();
      expect(await nexts[2]).toEqual([]);
      const aborted = follow(log, { signal: AbortSignal.abort() });
      expect(await aborted.items(1)).toEqual([]);
    });

    it("appends, trims and queries in any mix give what a plain list gives", async () => {
      const step = fc.oneof(
        {
          weight: 5,
          arbitrary: fc.record({
            op: fc.constant("append" as const),
            names: fc.array(fc.constantFrom("x", "y"), { maxLength: 4 }),
          }),
        },
        { weight: 1, arbitrary: fc.record({ op: fc.constant("keep" as const), entries: fc.nat(6) }) },
        {
          weight: 4,
          arbitrary: fc.record({
            op: fc.constant("query" as const),
            since: fc.option(fc.nat(40), { nil: undefined }),
            limit: fc.integer({ min: -1, max: 5 }),
            filter: fc.constantFrom(undefined, "x"),
          }),
        },
      );
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
          const { log, keep, close } = await create();
          const all: { name: string; cursor: string }[] = [];
          let first = 0;
          for (const action of steps) {
            if (action.op === "append") {
              const cursors = await append(log, ...action.names);
              all.push(...action.names.map((name, i) => ({ name, cursor: cursors[i] ?? "" })));
            } else if (action.op === "keep") {
              await keep(action.entries);
              first = Math.max(first, all.length - action.entries);
            } else {
              const { limit, filter } = action;
              const after = action.since === undefined || all.length === 0 ? undefined : action.since % all.length;
              const page = await log.query({
                since: after === undefined ? undefined : all[after]?.cursor,
                limit,
                filter,
              });
              const begin = Math.max(first, (after ?? -1) + 1);
              const matching = all.slice(begin).filter(({ name }) => filter === undefined || name === filter);
              const expected = limit < 0 ? matching : matching.slice(0, limit);
              expect(page.events.map(({ cursor }) => cursor)).toEqual(expected.map(({ cursor }) => cursor));
              expect(page.gap).toBe(after !== undefined && after + 1 < first);
              expect(page.oldest).toBe(all[first]?.cursor ?? null);
              if (all.length > 0) expect(page.newest).toBe(all.at(-1)?.cursor);
            }
          }
          close();
        }),
        { numRuns: process.env["LOOPS_LONG"] === "1" ? 1000 : 40 },
      );
    });
  });
}

async function append(log: EventLog, ...names: readonly string[]): Promise<string[]> {
  const cursors: string[] = [];
  for (const name of names) cursors.push(await log.append(event(name)));
  return cursors;
}

const names = (page: { readonly events: readonly { readonly event: LoopEvent }[] }) =>
  page.events.map((entry) => entry.event.event);

async function named(log: EventLog, since: string | undefined): Promise<unknown[]> {
  const page = await log.query({ since });
  return [page.gap, ...names(page)];
}

function follow(log: EventLog, options: Parameters<EventLog["tail"]>[0] = {}) {
  const tail = log.tail(options)[Symbol.asyncIterator]();
  const end = async () => void (await tail.return?.());
  onTestFinished(end);
  const items = async (n: number) => {
    const taken: TailItem[] = [];
    while (taken.length < n) {
      const { done, value } = await tail.next();
      if (done === true) break;
      taken.push(value);
    }
    return taken;
  };
  return { end, items, take: async (n: number) => (await items(n)).map(shown) };
}
