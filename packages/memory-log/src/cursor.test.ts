import { describe, expect, it } from "vitest";
import { formatCursor, locate, newEpoch } from "./cursor.js";

const resident = { first: 4, next: 10 };

describe("locate", () => {
  it("reads back the cursors of its own epoch", () => {
    const epoch = newEpoch();
    expect(locate(formatCursor(epoch, 7), epoch, resident)).toEqual({ after: 7, known: true });
  });

  it("does not know a cursor of another epoch, and starts at the oldest entry", () => {
    const epoch = newEpoch();
    expect(locate(formatCursor(newEpoch(), 7), epoch, resident)).toEqual({ after: 3, known: false });
  });

  it.each(["", ":", "7", "e:", "e:-1", "e:1.5", "e:1e3", "e: 1", "e:1:1", "e:9999999999999999", "E:1"])(
    "does not know %j",
    (cursor) => {
      expect(locate(cursor, "e", resident)).toEqual({ after: 3, known: false });
    },
  );

  it("does not know a place that it never handed out, and starts behind the newest entry", () => {
    expect(locate("e:10", "e", resident)).toEqual({ after: 9, known: false });
    expect(locate(10, "e", resident)).toEqual({ after: 9, known: false });
    expect(locate(Number.POSITIVE_INFINITY, "e", resident)).toEqual({ after: 9, known: false });
  });

  it("takes numbers as ids: rounded down, and nothing below zero", () => {
    expect(locate(7.9, "e", resident).after).toBe(7);
    expect(locate(-3, "e", resident).after).toBe(0);
    expect(locate(Number.NaN, "e", resident).after).toBe(0);
  });
});

describe("newEpoch", () => {
  it("never gives the same name twice", () => {
    expect(new Set(Array.from({ length: 1000 }, newEpoch)).size).toBe(1000);
  });
});
