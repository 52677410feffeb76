import { createBus } from "@loops/core";
import { expect, it } from "vitest";
import { type EventSink, type FsmEvent, memoryStore, runLoop } from "../../src/index.js";
import { loopOf } from "./machines.js";

type MyEvent = { readonly event: "mine"; readonly n: number };

it("any bus that carries the engine's events can be given to it", async () => {
  const sinks: EventSink[] = [createBus(), createBus<FsmEvent>(), createBus<FsmEvent | MyEvent>(), { emit() {} }];
  // @ts-expect-error a bus of other events alone is not one
  const wrong: EventSink = createBus<MyEvent>();
  const loop = loopOf({ a: { next: "done" }, done: { terminal: true } });
  for (const bus of [...sinks, wrong]) {
    expect(await runLoop({ definition: loop, store: memoryStore(), bus })).toMatchObject({ status: "completed" });
  }
});
