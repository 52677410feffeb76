import { describe, expect, it } from "vitest";
import { partitionOf, streamKeys } from "./partition.js";

describe("partitions", () => {
  it("are one stream with its own name, or several with a hash tag each", () => {
    expect(streamKeys("maf:events", 1)).toEqual(["maf:events"]);
    expect(streamKeys("maf:events", 3)).toEqual(["maf:events:{0}", "maf:events:{1}", "maf:events:{2}"]);
  });

  it("keep the events of a run together, and share the runs about evenly", () => {
    const counts = new Array<number>(8).fill(0);
    for (let i = 0; i < 8000; i++) {
      const partition = partitionOf({ run_id: `01ARZ3NDEKTSV4RRFFQ69G5${i}` }, 8);
      expect(partitionOf({ run_id: `01ARZ3NDEKTSV4RRFFQ69G5${i}`, other: i }, 8)).toBe(partition);
      counts[partition] = (counts[partition] ?? 0) + 1;
    }
    for (const count of counts) expect(count).toBeGreaterThan(700);
  });

  it("put what has no run into the first, and are the same for ever", () => {
    expect([{}, { run_id: null }, { run_id: {} }].map((event) => partitionOf(event, 8))).toEqual([0, 0, 0]);
    // Written down: another number would tear runs apart when a writer is updated.
    expect(["a", "run-1", "é", 7].map((run_id) => partitionOf({ run_id }, 16))).toEqual([12, 12, 4, 6]);
    expect(partitionOf({ user: "a" }, 16, "user")).toBe(12);
  });
});
