import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { ownIdentity } from "@loops/core/process";
import { expect, it } from "vitest";
import { deadOwner, newEvent, newState, newStore } from "./support.js";

it("what processes that were killed have left of runs that are gone goes with the next run", async () => {
  const { store, running } = newStore();
  const held = await store.create(newState({ loop_name: "held" }));
  mkdirSync(join(running("gone-1.blobs")));
  writeFileSync(join(running("gone-1.blobs"), "a".repeat(64)), "x");
  for (const name of ["gone-1.owner.3", "unborn.owner.1"]) {
    writeFileSync(running(name), JSON.stringify({ ...deadOwner, host: hostname() }));
  }
  writeFileSync(running("unborn.events.jsonl"), "");
  writeFileSync(running("half.events.jsonl"), '{"event":"loop_start","seq":1}\n');
  writeFileSync(running("half.owner.1"), "");
  writeFileSync(running("elsewhere.owner.1"), JSON.stringify({ ...ownIdentity(), host: "elsewhere" }));
  writeFileSync(running("next.owner.1.4194301-0a1b2c3d.tmp"), "");
  const next = await store.create(newState({ loop_name: "next" }));
  await next.commit([newEvent("loop_start")], {});
  await held.commit([newEvent("loop_start")], {});
  expect(readdirSync(running(".")).sort()).toEqual([
    "elsewhere.owner.1",
    "half.events.jsonl",
    "half.owner.1",
    "held.events.jsonl",
    "held.owner.1",
    "held.state.json",
    "next.events.jsonl",
    "next.owner.1",
    "next.state.json",
  ]);
});

it("copies that a process was making for the history when it was killed go with the loop's next run", async () => {
  const { store, archived } = newStore();
  for (const name of ["kept", `.unfinished.${deadOwner.pid}.tmp`, `.being-made.${process.pid}.tmp`]) {
    mkdirSync(archived("fix-types", name), { recursive: true });
    writeFileSync(archived("fix-types", name, "events.jsonl"), "");
  }
  await store.create(newState());
  expect(readdirSync(archived("fix-types")).sort()).toEqual([`.being-made.${process.pid}.tmp`, "kept"]);
});
