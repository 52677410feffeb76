import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatPosition, parsePosition } from "./position-file.js";
import { Spool, type SpooledEvent } from "./spool.js";

const step = fc.oneof(
  fc.record({ do: fc.constant("append" as const), fill: fc.integer({ min: 0, max: 900 }) }),
  fc.record({
    do: fc.constant("read" as const),
    items: fc.integer({ min: 1, max: 5 }),
    bytes: fc.integer({ min: 1, max: 2000 }),
  }),
  fc.record({ do: fc.constant("settle" as const), items: fc.integer({ min: 1, max: 5 }) }),
  fc.record({ do: fc.constant("restart" as const) }),
);

describe("a spool", () => {
  it("is a queue: what goes in comes out once, in order, and again after a restart unless it was settled", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const path = mkdtempSync(join(tmpdir(), "loops-spool-"));
        const options = { path, maxBytes: 16_384, fsync: false };
        let spool = new Spool(options);
        /** What a list would hold: numbers not settled, and how many of them were read. */
        let waiting: number[] = [];
        let out: { n: number; event: SpooledEvent }[] = [];
        let next = 0;
        try {
          for (const one of steps) {
            if (one.do === "append") {
              const line = Buffer.from(`${JSON.stringify({ n: next, fill: "ü".repeat(one.fill) })}\n`);
              if (!spool.hasRoomFor(line.length)) continue;
              spool.append(line);
              waiting.push(next++);
            } else if (one.do === "read") {
              const { events, damaged } = spool.read(one.items, one.bytes);
              expect(damaged).toBe(0);
              expect(events.length).toBeLessThanOrEqual(one.items);
              if (waiting.length > out.length) expect(events.length).toBeGreaterThan(0);
              for (const event of events) {
                const { n } = JSON.parse(event.json);
                expect(n).toBe(waiting[out.length]);
                expect(event.start).toBe(out.at(-1)?.event.end ?? spool.done);
                out.push({ n, event });
              }
            } else if (one.do === "settle") {
              const settled = out.splice(0, one.items);
              if (settled.length === 0) continue;
              waiting = waiting.slice(settled.length);
              spool.settle(settled.at(-1)?.event.end ?? 0);
            } else {
              spool.close();
              spool = new Spool(options);
              expect(spool.found).toBe(waiting.length);
              out = [];
            }
            expect(spool.isRead).toBe(out.length === waiting.length);
          }
        } finally {
          spool.close();
          rmSync(path, { recursive: true });
        }
      }),
      { numRuns: process.env["LOOPS_LONG"] === "1" ? 2000 : 100 },
    );
  });
});

describe("a write that failed", () => {
  it("leaves nothing before the next line, even if it could not be taken back", () => {
    const path = mkdtempSync(join(tmpdir(), "loops-spool-"));
    const spool = new Spool({ path, maxBytes: 16_384, fsync: false });
    // As a disk that was full for a moment leaves it.
    writeFileSync(join(path, "0000000000000000.jsonl"), '{"n":');
    spool.append(Buffer.from('{"n":1}\n'));
    expect(spool.read(10, 1000).events).toEqual([{ json: '{"n":1}', start: 0, end: 8 }]);
    spool.close();
    rmSync(path, { recursive: true });
  });

  it("is passed over in a file that others follow, by the next process too", () => {
    const path = mkdtempSync(join(tmpdir(), "loops-spool-"));
    writeFileSync(join(path, "0000000000000000.jsonl"), '{"n":1}\n{"n":2}');
    writeFileSync(join(path, "0000000000000008.jsonl"), '{"n":3}\n');
    const spool = new Spool({ path, maxBytes: 16_384, fsync: false });
    expect(spool.found).toBe(2);
    const events = [...spool.read(10, 1000).events, ...spool.read(10, 1000).events];
    expect(events.map(({ json }) => JSON.parse(json).n)).toEqual([1, 3]);
    expect(spool.isRead).toBe(true);
    spool.close();
    rmSync(path, { recursive: true });
  });
});

describe("a position", () => {
  it("is read as it was written, and nothing else is", () => {
    const number = fc.maxSafeNat();
    fc.assert(
      fc.property(number, number, (a, b) => {
        const position = { done: Math.min(a, b), taken: Math.max(a, b) };
        const text = formatPosition(position);
        expect(text).toHaveLength(64);
        expect(parsePosition(text)).toEqual(position);
        expect(parsePosition(text.slice(1))).toBe(null);
        expect(parsePosition(text.slice(0, -1))).toBe(null);
      }),
    );
    expect(parsePosition('{"done":5,"taken":4}'.padEnd(63).concat("\n"))).toBe(null);
  });
});
