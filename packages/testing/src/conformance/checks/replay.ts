import type { EventLogPage } from "@loops/core";
import type { Check } from "../check.js";
import { type Follower, follow, idsOf, type Log } from "../follow.js";
import type { Harness } from "../harness.js";
import { demand, NotTried, show } from "../violation.js";

/** A cursor as another life of the log would have handed it out. */
const OTHER_EPOCH = "conformance-another-epoch:3";

/** What can be read again: everything after a cursor, and where some of it is gone, a sign that says so. */
export const replayChecks: readonly Check[] = [
  {
    id: "replay",
    title: "what is read after a cursor is exactly what came after it, in pages and as a tail",
    needs: ["log"],
    mend: "Begin behind the entry that since names, and let next name the last entry that was looked at.",
    async run(harness) {
      const log = logOf(harness);
      const ids = await append(harness, 10);
      const { events, gap } = await log.query();
      demand(!gap, "a query from the beginning has no gap", "gap is true");
      requireNumbers(harness, "a query from the beginning", events.map(idOf), ids);
      const since = events[3]?.cursor;
      const page = await log.query({ since, limit: 2 });
      requireNumbers(harness, "2 events after the fourth", page.events.map(idOf), ids.slice(4, 6));
      const rest = await log.query({ since: page.next });
      requireNumbers(harness, "the rest, from next on", rest.events.map(idOf), ids.slice(6));
      demand(!page.gap && !rest.gap, "nothing is missing, so there is no gap", "gap is true");
      const tail = follow(harness, log, since);
      try {
        const items = await tail.take(6);
        const live = await append(harness, 2);
        items.push(...(await tail.take(2)));
        requireNumbers(harness, "a tail since the fourth", idsOf(items), [...ids.slice(4), ...live]);
      } finally {
        await tail.end();
      }
    },
  },
  {
    id: "replay-gap",
    title: "a reader behind what the log still has is told that, and how much, it missed",
    needs: ["log"],
    mend: "Compare the place that since names with the oldest entry that is left: what lies between is the gap.",
    async run(harness) {
      const log = logOf(harness);
      await append(harness, 5);
      const old = (await log.query()).events[1]?.cursor;
      const slow = follow(harness, log, old);
      const fresh = follow(harness, log, old);
      try {
        await slow.take(1);
        const page = await evict(harness, log, old);
        demand(page.gap, "query({ since }) of an entry long gone has gap: true", "gap is false");
        await requireGap(harness, log, fresh, "a tail since an entry long gone", 1);
        await requireGap(harness, log, slow, "a tail that was overtaken while it did not read", 2);
      } finally {
        await slow.end();
        await fresh.end();
      }
    },
  },
  {
    id: "replay-epoch",
    title: "a cursor of another life of the log is recognised, and answered with a gap",
    needs: ["log"],
    mend: "Put the epoch of the log into each cursor, and compare it before the number: after a restart the same numbers come again.",
    async run(harness) {
      const log = logOf(harness);
      const ids = await append(harness, 5);
      const { gap, events } = await log.query({ since: OTHER_EPOCH });
      demand(gap, "query({ since }) of another epoch has gap: true", "gap is false");
      requireNumbers(harness, "the query, from the oldest entry on,", events.map(idOf), ids);
      const tail = follow(harness, log, OTHER_EPOCH);
      try {
        const [first, ...others] = await tail.take(1 + ids.length);
        demand(first?.type === "gap", "tail({ since }) of another epoch begins with a gap", () => show(first));
        requireNumbers(harness, "the tail, from the oldest entry on,", idsOf(others), ids);
      } finally {
        await tail.end();
      }
    },
  },
];

function logOf({ subject }: Harness): Log {
  const { log } = subject;
  if (typeof log?.query === "function" && typeof log.tail === "function") return log;
  throw new NotTried("create() returns the declared log, with query and tail", `log is ${show(log)}`);
}

/** Sends events and waits until the log has them. */
async function append(harness: Harness, count: number): Promise<string[]> {
  const ids = harness.emit(count);
  await harness.flush();
  return ids;
}

/** Sends until the entry behind `cursor` is gone; returns what a query since then says. */
async function evict(harness: Harness, log: Log, cursor: string | undefined): Promise<EventLogPage> {
  const { maxEntries = 0 } = harness.capabilities.log ?? {};
  const most = 4 * maxEntries + 10;
  while (harness.emitted.length < most) {
    await append(harness, Math.min(500, most - harness.emitted.length));
    const page = await log.query({ since: cursor, limit: 1 });
    const [first] = page.events;
    if (page.gap || (first !== undefined && harness.numberOf(first.event.id) > 2)) return page;
  }
  demand(false, `a log of ${maxEntries} entries has dropped the third of ${most} events`, "it still has it", {
    mend: "Let capabilities.log.maxEntries say what create() configures.",
  });
}

/**
 * Requires a gap between the event `after` and the next one that comes with a number that is not the next number. What
 * a tail had already read before the rest went may come first.
 */
async function requireGap(harness: Harness, log: Log, tail: Follower, who: string, after: number): Promise<void> {
  let last = after;
  let [item] = await tail.take(1);
  while (item?.type === "event" && harness.numberOf(item.event.id) === last + 1) {
    last++;
    // It has kept everything: nothing is missing.
    if (last === harness.emitted.length - 1) return;
    [item] = await tail.take(1);
  }
  const seen = () => (item?.type === "event" ? `event ${harness.numberOf(item.event.id)}` : show(item));
  demand(item?.type === "gap", `${who} is handed a gap after event ${last}`, seen);
  const gap = item;
  const [next] = await tail.take(1);
  demand(next?.type === "event", `${who} goes on with an event behind the gap`, () => show(next));
  const missing = harness.numberOf(next.event.id) - last - 1;
  const unknown = harness.capabilities.log?.countsMissed === false ? null : missing;
  const expected = `${who} is told that ${missing} events are missing${unknown === null ? ", or null" : ""}`;
  demand(gap.missed === missing || gap.missed === unknown, expected, `missed is ${gap.missed}`, {
    mend: "Count from the entry that the reader had last to the oldest one that is left when it reads on.",
  });
  const page = await log.query({ since: gap.cursor, limit: 1 });
  const behind = `a query since the cursor of that gap begins with event ${harness.numberOf(next.event.id)}, without a gap`;
  const came = () =>
    `gap is ${page.gap}, and it begins with ${show(page.events.map(idOf).map((id) => harness.numberOf(id)))}`;
  demand(!page.gap && page.events[0]?.event.id === next.event.id, behind, came, {
    mend: "Let the cursor of a gap stand right before the first entry that follows it.",
  });
}

const idOf = ({ event }: { readonly event: { readonly id: string } }): string => event.id;

function requireNumbers(harness: Harness, what: string, seen: readonly string[], expected: readonly string[]): void {
  const numbers = (ids: readonly string[]) => ids.map((id) => harness.numberOf(id)).join(", ") || "nothing";
  demand(numbers(seen) === numbers(expected), `${what}: ${numbers(expected)}`, () => numbers(seen));
}
