import { expect, it } from "vitest";
import { memoryStore } from "../../src/store/memory-store.js";
import { newState } from "./support.js";

it.each(["../evil", "a/b", "", "x".repeat(300)])(
  "B-13: a run in memory cannot have the name %j, which one in files could not have",
  (loop_name) => {
    const named = expect.objectContaining({ code: "LOOPS_NAME" });
    expect(() => memoryStore().create(newState({ loop_name }))).toThrow(named);
  },
);
