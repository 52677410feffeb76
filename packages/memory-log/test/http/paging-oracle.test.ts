import { compileFilter, type EventLogPage, type LogEntry } from "@loops/core";
import fc from "fast-check";
import { expect, it } from "vitest";
import { createActivityHandler } from "../../src/http.js";
import { memoryLogTransport } from "../../src/index.js";

const name = fc.constantFrom("loop_start", "loop_end", "state", "x");
const event = fc.record({ name, text: fc.string({ maxLength: 200, unit: "binary" }) });
const filter = fc.option(fc.array(fc.constantFrom("loop_*", "x", "s?ate", "none"), { minLength: 1, maxLength: 2 }));

const plan = fc.record({
  events: fc.array(event, { maxLength: 60 }),
  /** Appended after the n-th page. */
  later: fc.array(fc.array(event, { maxLength: 8 }), { maxLength: 6 }),
  limits: fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 5 }),
  start: fc.nat(70),
  filter,
  maxPageBytes: fc.integer({ min: 0, max: 3000 }),
  maxEntries: fc.integer({ min: 1, max: 80 }),
});

it("pages of any limits and sizes, put together, are the log as a plain list has it, and gaps are told", async () => {
  await fc.assert(
    fc.asyncProperty(plan, async ({ events, later, limits, start, filter, maxPageBytes, maxEntries }) => {
      const log = memoryLogTransport({ maxEntries });
      const handler = createActivityHandler(log, { maxPageBytes, maxLimit: 15 });
      const list: LogEntry[] = [];
      const append = (given: readonly { name: string; text: string }[]) => {
        for (const { name, text } of given) {
          const item = { event: name, ts: "2024-01-15T10:30:00.000Z", id: `id-${list.length}`, text };
          list.push({ cursor: log.append(item), event: item });
        }
      };
      append(events);

      // The reader has seen the first `seen` entries; `undefined` is one that has seen none, and begins where the log does.
      let seen = start < list.length ? start + 1 : undefined;
      let since = seen === undefined ? undefined : list[seen - 1]?.cursor;
      const read: LogEntry[] = [];
      const expected: LogEntry[] = [];
      let from = seen ?? 0;
      for (let turn = 0; ; turn++) {
        const query = new URLSearchParams(since === undefined ? {} : { since });
        const limit = limits[turn % limits.length] ?? 1;
        query.set("limit", String(limit));
        for (const glob of filter ?? []) query.append("event", glob);
        const first = Math.max(0, list.length - maxEntries);
        const response = await handler(new Request(`http://localhost/?${query}`));
        const body = await response.arrayBuffer();
        const page: EventLogPage = JSON.parse(new TextDecoder().decode(body));

        expect(page.gap).toBe(seen !== undefined && from < first);
        expect(page.oldest).toBe(list[first]?.cursor ?? null);
        expect(page.events.length).toBeLessThanOrEqual(Math.min(limit, 15));
        if (page.events.length > 1) expect(body.byteLength).toBeLessThanOrEqual(maxPageBytes + 200);

        from = Math.max(from, first);
        const place = list.findIndex(({ cursor }) => cursor === page.next) + 1;
        expected.push(...list.slice(from, Math.max(from, place)));
        read.push(...page.events);
        from = seen = Math.max(from, place);
        since = page.next;
        const more = later.shift();
        if (more !== undefined) append(more);
        // An empty page is the end of the log, as long as nobody appends.
        else if (page.events.length === 0) break;
      }
      expect(from).toBe(list.length);
      const matches = compileFilter(filter ?? undefined);
      expect(read).toEqual(expected.filter(({ event }) => matches(event.event)));
    }),
    { numRuns: 300 },
  );
});
