import { expect, it } from "vitest";
import { momentOf } from "./moment.js";

const now = Date.UTC(2026, 0, 8);

it.each([
  ["7d", "2026-01-01T00:00:00.000Z"],
  ["90m", "2026-01-07T22:30:00.000Z"],
  ["1w", "2026-01-01T00:00:00.000Z"],
  ["2025-12-31", "2025-12-31T00:00:00.000Z"],
  ["2025-12-31T10:00:00Z", "2025-12-31T10:00:00.000Z"],
])("%s is %s", (text, iso) => {
  expect(momentOf(text, now)?.toISOString()).toBe(iso);
});

it.each(["", "7", "d", "yesterday", "-7d", "2026-13-01", "7 d", "99999999999999w"])("%j is no moment", (text) => {
  expect(momentOf(text, now)).toBeNull();
});
