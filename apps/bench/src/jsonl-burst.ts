import { rmSync } from "node:fs";
import { createBus } from "@loops/core";
import { jsonlTransport } from "@loops/jsonl";
import { countLines } from "./count-lines.js";
import { fiveFields } from "./events.js";

/**
 * Emits so many events in one tight loop, in which no other work of the process gets a turn.
 *
 * @throws Error when one of them was dropped, or is not in the file
 */
export async function burstDropsNothing(path: string, events: number): Promise<void> {
  const bus = createBus();
  bus.addTransport(jsonlTransport({ path }));
  for (let i = 0; i < events; i++) bus.emit(fiveFields);
  const { ok, sinks } = await bus.close();
  const lines = countLines(path);
  rmSync(path);
  if (!ok || lines !== events) throw new Error(`of ${events} events ${lines} are there: ${JSON.stringify(sinks)}`);
}
