import { describe, expect, it } from "vitest";
import { compareIds, idBefore, isStreamId } from "./stream-id.js";
import { gapBehind, noStream, streamState } from "./stream-state.js";

describe("stream ids", () => {
  it("are compared as numbers, however long", () => {
    const inOrder = ["0-0", "0-1", "9-18446744073709551615", "10-0", "1700000000000-2", "1700000000000-10"];
    for (const [i, a] of inOrder.entries()) {
      for (const [j, b] of inOrder.entries()) expect(Math.sign(compareIds(a, b))).toBe(Math.sign(i - j));
    }
    expect(compareIds("5", "5-0")).toBe(0);
  });

  it("have one before each but the first", () => {
    expect(idBefore("5-3")).toBe("5-2");
    expect(idBefore("5-0")).toBe("4-18446744073709551615");
    expect(idBefore("5-18446744073709551615")).toBe("5-18446744073709551614");
    expect(idBefore("0-0")).toBe("0-0");
  });

  it.each(["", "$", "-", "5-", "-5", "a-1", "5-1-1", 5, null])("are not %j", (id) =>
    expect(isStreamId(id)).toBe(false),
  );
});

/** A stream of `added` entries with the ids `1-0`, `2-0` and so on, of which the last `length` are there. */
const stream = (added: number, length: number, more: readonly unknown[] = []) =>
  streamState([
    ...["length", length, "last-generated-id", `${added}-0`, "entries-added", added, "max-deleted-entry-id", "0-0"],
    ...["first-entry", length > 0 ? [`${added - length + 1}-0`, ["data", "{}"]] : null],
    ...more,
  ]);

describe("the gap behind a place", () => {
  it("is none where all that follows is there", () => {
    const all = stream(10, 4);
    for (const n of [6, 7, 10]) expect(gapBehind({ id: `${n}-0`, n }, all)).toBeUndefined();
    expect(gapBehind({ id: "0-0", n: 0 }, noStream)).toBeUndefined();
  });

  it("counts what is gone, and ends right before what is left", () => {
    expect(gapBehind({ id: "2-0", n: 2 }, stream(10, 4))).toEqual({
      missed: 4,
      place: { id: "6-18446744073709551615", n: 6 },
    });
    expect(gapBehind({ id: "2-0", n: 2 }, stream(10, 0))).toEqual({ missed: 8, place: { id: "10-0", n: 10 } });
  });

  it("is of unknown size without a number, before Redis 7, and after an XDEL", () => {
    expect(gapBehind({ id: "2-0", n: null }, stream(10, 4))?.missed).toBeNull();
    expect(gapBehind({ id: "2-0", n: 2 }, stream(10, 4, ["max-deleted-entry-id", "8-0"]))?.missed).toBeNull();
    const old = streamState(["length", 4, "last-generated-id", "10-0", "first-entry", ["7-0", []]]);
    expect(gapBehind({ id: "2-0", n: 2 }, old)).toEqual({
      missed: null,
      place: { id: "6-18446744073709551615", n: null },
    });
    expect(gapBehind({ id: "7-0", n: null }, old)).toBeUndefined();
  });

  it("is of unknown size behind a place that the stream does not know, and begins at its end", () => {
    expect(gapBehind({ id: "11-0", n: 11 }, stream(10, 4))).toEqual({ missed: null, place: { id: "10-0", n: 10 } });
  });
});
