import fc from "fast-check";
import { expect, it } from "vitest";
import { EventTimes } from "./event-time.js";

it("every time that Date writes is read as Date reads it, whatever was read before", () => {
  const ms = fc.integer({ min: 0, max: 4_102_444_800_000 });
  // Close together, as events come.
  const near = fc.tuple(ms, fc.array(fc.integer({ min: 0, max: 3000 }), { maxLength: 20 }));
  fc.assert(
    fc.property(near, ([start, offsets]) => {
      const times = new EventTimes();
      for (const offset of offsets) {
        expect(times.read(new Date(start + offset).toISOString())).toBe(start + offset);
      }
    }),
  );
});

it.each<[unknown, number | undefined]>([
  ["2026-01-31T12:00:00Z", Date.UTC(2026, 0, 31, 12)],
  ["2026-01-31T13:00:00.123456+01:00", Date.UTC(2026, 0, 31, 12, 0, 0, 123)],
  ["1969-12-31T23:59:59.000Z", undefined],
  ["2262-04-11T23:47:16.854Z", 9_223_372_036_854],
  ["2262-04-11T23:47:16.855Z", undefined],
  ["+275760-09-13T00:00:00.000Z", undefined],
  ["yesterday", undefined],
  ["", undefined],
  [undefined, undefined],
  [1_700_000_000, undefined],
])("%j is %s", (text, ms) => {
  const times = new EventTimes();
  times.read("2026-01-31T12:00:00.500Z");
  expect(times.read(text)).toBe(ms);
});

it("a time with the second of the one before and no milliseconds is none", () => {
  const times = new EventTimes();
  times.read("2026-01-31T12:00:00.500Z");
  expect(times.read("2026-01-31T12:00:00.x00Z")).toBeUndefined();
});
