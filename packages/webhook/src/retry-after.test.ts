import { describe, expect, it } from "vitest";
import { retryAfterMs } from "./retry-after.js";

const nowMs = Date.UTC(2026, 0, 1);

describe("Retry-After", () => {
  it.each<[string | null, number | undefined]>([
    ["2", 2000],
    [" 2 ", 2000],
    ["Thu, 01 Jan 2026 00:00:05 GMT", 5000],
    ["Thursday, 01-Jan-26 00:00:05 GMT", 5000],
    ["100000000000000000000", 60_000],
    ["Thu, 01 Jan 2027 00:00:05 GMT", 60_000],
    [null, undefined],
    ["", undefined],
    ["0", undefined],
    ["-5", undefined],
    ["1.5", undefined],
    ["soon", undefined],
    ["Wed, 31 Dec 2025 00:00:00 GMT", undefined],
  ])("of %j is %s, within the bound", (header, ms) => expect(retryAfterMs(header, nowMs, 60_000)).toBe(ms));

  it.each(["2", "Thu, 01 Jan 2026 00:00:05 GMT"])("of %j asks for nothing where the bound is 0", (header) => {
    expect(retryAfterMs(header, nowMs, 0)).toBeUndefined();
  });
});
