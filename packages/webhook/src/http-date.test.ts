import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseHttpDate } from "./http-date.js";

const nowMs = Date.UTC(2026, 0, 1);
const moment = Date.UTC(1994, 10, 6, 8, 49, 37);

describe("an HTTP date", () => {
  it.each(["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"])(
    "is read in each form of RFC 9110: %s",
    (text) => expect(parseHttpDate(text, nowMs)).toBe(moment),
  );

  it("is read back as it was written, to the second", () => {
    const time = fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) / 1000 });
    fc.assert(
      fc.property(time, (seconds) => {
        expect(parseHttpDate(new Date(seconds * 1000).toUTCString(), nowMs)).toBe(seconds * 1000);
      }),
    );
  });

  it("of two digits is not over fifty years ahead", () => {
    expect(parseHttpDate("Friday, 01-Jan-76 00:00:00 GMT", nowMs)).toBe(Date.UTC(2076, 0, 1));
    expect(parseHttpDate("Saturday, 01-Jan-77 00:00:00 GMT", nowMs)).toBe(Date.UTC(1977, 0, 1));
  });

  it.each([
    "",
    "2026",
    "1.5",
    "2026-01-01T00:00:00Z",
    "Sun, 06 Nov 1994 08:49:37",
    "Sun, 06 Nov 1994 08:49:37 CET",
    "Sun, 31 Feb 2026 08:49:37 GMT",
    "Sun, 06 Nop 1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 24:00:00 GMT",
    "Sun, 00 Nov 1994 08:49:37 GMT",
  ])("is not found in %j", (text) => expect(parseHttpDate(text, nowMs)).toBeUndefined());
});
