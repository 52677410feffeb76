import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Bus, createBus, type WireConfig, wireTransports } from "@loops/core";
import type { FsmEvent } from "@loops/fsm";
import { parse } from "yaml";

/** Where the demo's files lie, below the folder a loop works in. */
export const places = (folder: string) => ({
  loops: join(folder, ".loops"),
  sinks: join(folder, ".ll"),
  events: join(folder, ".ll", "events.jsonl"),
  actions: join(folder, "actions.log"),
});

/** A bus with the sinks that loops.config.yaml names. */
export async function wiredBus(folder: string): Promise<Bus<FsmEvent>> {
  const config: WireConfig = parse(await readFile(new URL("../loops.config.yaml", import.meta.url), "utf8"));
  const bus = createBus<FsmEvent>();
  await wireTransports(bus, config, { from: import.meta.url, baseDir: places(folder).sinks });
  return bus;
}
