import { describe, expect, it } from "vitest";
import { defineLoop } from "../definition/define-loop.js";
import { initialState } from "../engine/initial-state.js";
import { memoryStore } from "./memory-store.js";

const definition = defineLoop({ name: "long", initial: "done", states: { done: { terminal: true } } });

async function newRun(maxEvents?: number) {
  const store = memoryStore({ maxEvents });
  const lease = await store.create(initialState(definition, { runId: "run", startedAt: "2026-01-01T00:00:00.000Z" }));
  const commit = async (from: number, to: number) => {
    for (let n = from; n <= to; n++) await lease.commit([{ event: "step", ts: "", id: `id-${n}` }], {});
  };
  const kept = async (after?: number) => (await store.readEvents("long", "run", after)).map(({ id }) => id);
  return { store, lease, commit, kept };
}

describe("a run without end", () => {
  it("keeps its latest events only, once they have reached the sinks; places in it stay what they were", async () => {
    const { lease, commit, kept } = await newRun(10);
    await commit(1, 100);
    expect(await kept()).toHaveLength(100);
    await lease.markFlushed(95);
    await commit(101, 101);
    expect(await kept()).toEqual([
      "id-92",
      "id-93",
      "id-94",
      "id-95",
      "id-96",
      "id-97",
      "id-98",
      "id-99",
      "id-100",
      "id-101",
    ]);
    expect(lease.seq).toBe(101);
    expect(await lease.events(95)).toMatchObject([
      { seq: 96 },
      { seq: 97 },
      { seq: 98 },
      { seq: 99 },
      { seq: 100 },
      { seq: 101 },
    ]);
    expect((await lease.events(0))[0]).toMatchObject({ seq: 92, event: { id: "id-92" } });
    expect(await kept(99)).toEqual(["id-100", "id-101"]);
    expect(await kept(5)).toHaveLength(10);
  });

  it("loses nothing that no sink has had", async () => {
    const { lease, commit, kept } = await newRun(10);
    await lease.markFlushed(0);
    await commit(1, 50);
    await lease.markFlushed(3);
    await commit(51, 51);
    expect((await kept())[0]).toBe("id-4");
  });
});

it.each([0, -1, Number.NaN, "10"])("maxEvents cannot be %s", (maxEvents) => {
  expect(() => memoryStore({ maxEvents: maxEvents as number })).toThrow("maxEvents must be a number from 1");
});
