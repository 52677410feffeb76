import nodeFs, { readFileSync, writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import { newEvent, newRunId, newState, newStore } from "./support.js";

const many = 300;

/** A store with so many runs that have ended, and what counts its calls from now on. */
async function storeOfMany(loopOf: (index: number) => string) {
  const counts = { readdir: 0, readFile: 0 };
  const counted = {
    readdirSync: ((...parameters: Parameters<typeof nodeFs.readdirSync>) => {
      counts.readdir += 1;
      return nodeFs.readdirSync(...parameters);
    }) as typeof nodeFs.readdirSync,
    readFileSync: ((...parameters: Parameters<typeof nodeFs.readFileSync>) => {
      counts.readFile += 1;
      return nodeFs.readFileSync(...parameters);
    }) as typeof nodeFs.readFileSync,
  };
  const made = newStore({ fs: counted });
  const { store, running } = made;
  const first = newState({ loop_name: "template" });
  const lease = await store.create(first);
  await lease.commit([newEvent("loop_start")], {});
  await lease.commit([newEvent("loop_complete")], { set: { status: "completed" } });
  await lease.release();
  const journal = readFileSync(running("template.events.jsonl"), "utf8");
  for (let index = 0; index < many; index++) {
    const [loop, id] = [loopOf(index), newRunId()];
    const text = journal.replaceAll(first.run_id, id).replaceAll('"template"', JSON.stringify(loop));
    writeFileSync(running(`${loop}-${id}.events.jsonl`), text);
  }
  counts.readdir = 0;
  counts.readFile = 0;
  return { ...made, counts };
}

it("lists thousands of runs, and tells which of them are alive, by one reading of each", async () => {
  const { store, counts } = await storeOfMany((index) => `loop-${index}`);
  const alive = newState({ loop_name: "alive" });
  await (await store.create(alive)).commit([newEvent("loop_start")], {});
  counts.readdir = 0;
  counts.readFile = 0;
  const { runs } = await store.list();
  const owned = await Promise.all(runs.map(async ({ run_id }) => ((await store.isOwned(run_id)) ? [run_id] : [])));
  expect(runs).toHaveLength(many + 2);
  expect(owned.flat()).toEqual([alive.run_id]);
  expect(counts.readdir).toBeLessThan(10);
  expect(counts.readFile).toBeLessThan(2 * many);
});

it("tells of a run that nobody listed whether it is owned, from the first moment to the last", async () => {
  const { store, dir } = newStore();
  const other = newStore({ dir }).store;
  const state = newState();
  expect(await other.isOwned(state.run_id)).toBe(false);
  const lease = await store.create(state);
  await lease.commit([newEvent("loop_start")], {});
  expect(await other.isOwned(state.run_id)).toBe(true);
  await lease.release();
  expect(await other.isOwned(state.run_id)).toBe(false);
  const again = await other.acquire(state.run_id);
  expect(await store.isOwned(state.run_id)).toBe(true);
  await again.release();
  await store.create(newState());
  expect(await other.isOwned(state.run_id)).toBe(false);
});

it("archives some of very many runs that ended beside another, and the rest with the next ones", async () => {
  const { store, counts } = await storeOfMany(() => "many");
  const left = async () => (await store.list()).runs.filter(({ loop_name }) => loop_name === "many").length;
  const begin = async () => {
    const lease = await store.create(newState({ loop_name: "many" }));
    await lease.commit([newEvent("loop_start")], {});
    await lease.commit([newEvent("loop_complete")], { set: { status: "completed" } });
    await lease.release();
  };
  await begin();
  expect(counts.readFile).toBeLessThan(10 * many);
  expect(await left()).toBe(many - 100 + 1);
  for (let times = 0; times < 3; times++) await begin();
  expect(await left()).toBe(1);
  expect((await store.history("many")).runs).toHaveLength(many + 3);
});

it("an owner file of an epoch beyond all counting is nobody's", async () => {
  const { store, running } = newStore();
  const state = newState();
  const lease = await store.create(state);
  await lease.commit([newEvent("loop_start")], {});
  await lease.release();
  writeFileSync(running("fix-types.owner.9007199254740993"), "{}");
  const again = await store.acquire(state.run_id);
  expect(again.epoch).toBe(2);
  await again.commit([newEvent("loop_resume")], {});
  expect(await store.isOwned(state.run_id)).toBe(true);
});
