import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createMemoryLog } from "../src/index.js";

interface OracleEvent {
  readonly id: number;
  readonly timeMs: number;
  readonly bytes: number;
}

/** The same promises, kept in the plainest way: a list that is filtered and scanned. */
class Oracle {
  readonly bounds: { ttlMs: number; maxEntries: number; maxBytes: number };
  kept: OracleEvent[] = [];
  newest = 0;

  constructor(bounds: { ttlMs: number; maxEntries: number; maxBytes: number }) {
    this.bounds = bounds;
  }

  append(timeMs: number, bytes: number): void {
    this.kept.push({ id: ++this.newest, timeMs, bytes });
    this.sweep(timeMs);
  }

  sweep(nowMs: number): void {
    const young = this.kept.findIndex(({ timeMs }) => timeMs >= nowMs - this.bounds.ttlMs);
    this.kept = young < 0 ? [] : this.kept.slice(young);
    this.kept = this.kept.slice(-this.bounds.maxEntries);
    while (this.kept.reduce((sum, { bytes }) => sum + bytes, 0) > this.bounds.maxBytes) this.kept.shift();
  }

  query(nowMs: number, since: number | undefined, limit: number | undefined) {
    this.sweep(nowMs);
    const after = since === undefined ? Number.NEGATIVE_INFINITY : Math.max(since, 0);
    const rest = this.kept.map(({ id }) => id).filter((id) => id > after);
    const gone = since !== undefined && after < this.newest && !this.kept.some(({ id }) => id === after + 1);
    return {
      ids: limit === undefined || limit < 0 ? rest : rest.slice(0, limit),
      gap: since !== undefined && (gone || after > this.newest),
    };
  }
}

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ op: fc.constant("append" as const), length: fc.nat(60) }) },
  { weight: 3, arbitrary: fc.record({ op: fc.constant("wait" as const), ms: fc.nat(40) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      op: fc.constant("query" as const),
      since: fc.option(fc.integer({ min: -2, max: 120 }), { nil: undefined }),
      limit: fc.option(fc.integer({ min: -1, max: 12 }), { nil: undefined }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant("clear" as const) }) },
);

const bounds = fc.record({
  ttlMs: fc.integer({ min: 1, max: 200 }),
  maxEntries: fc.integer({ min: 1, max: 100 }),
  maxBytes: fc.integer({ min: 1000, max: 20_000 }),
});

describe("a memory log against a plain list", () => {
  it("M-6 to M-10: keeps, evicts, finds and reports gaps exactly as the list does", () => {
    fc.assert(
      fc.property(bounds, fc.array(step, { maxLength: 300 }), (limits, steps) => {
        let nowMs = 1_700_000_000_000;
        const log = createMemoryLog({ ...limits, now: () => nowMs });
        const oracle = new Oracle(limits);
        for (const action of steps) {
          if (action.op === "append") {
            const before = log.stats();
            const { id } = log.append("k", { text: "x".repeat(action.length) });
            const after = log.stats();
            // What an entry weighs is the log's own affair; that the weights add up is what is compared.
            const bytes = weigh(action.length);
            oracle.append(nowMs, bytes);
            expect(id).toBe(oracle.newest);
            expect(after.appended).toBe(before.appended + 1);
          } else if (action.op === "wait") nowMs += action.ms;
          else if (action.op === "clear") {
            log.clear();
            oracle.kept = [];
          } else {
            const page = log.query(action);
            const expected = oracle.query(nowMs, action.since, action.limit);
            expect({ ids: page.events.map(({ id }) => id), gap: page.gap }).toEqual(expected);
            expect(page.oldest === null).toBe(oracle.kept.length === 0);
            expect(page.newest).toBe(log.query({ limit: -1 }).next);
          }
          oracle.sweep(nowMs);
          const { resident, bytes, evicted, cleared, appended } = log.stats();
          expect(resident).toBe(oracle.kept.length);
          expect(bytes).toBe(oracle.kept.reduce((sum, event) => sum + event.bytes, 0));
          expect(appended).toBe(resident + evicted.age + evicted.entries + evicted.bytes + cleared);
        }
      }),
      { numRuns: 200 },
    );
  });
});

const weights = new Map<number, number>();

/** What one entry with a text of this length weighs, seen at a log of its own. */
function weigh(length: number): number {
  let bytes = weights.get(length);
  if (bytes === undefined) {
    const log = createMemoryLog();
    log.append("k", { text: "x".repeat(length) });
    bytes = log.stats().bytes;
    weights.set(length, bytes);
  }
  return bytes;
}
