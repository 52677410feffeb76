// What a consumer's first file looks like. `npm run check` compiles and runs it in an empty project that has only the
// packed tarballs.
import { createBus, type LoopEvent, type Transport } from "@loops/core";

const seen: LoopEvent[] = [];
const sink: Transport = {
  send: (event) => {
    seen.push(event);
  },
  close() {},
};

const bus = createBus();
bus.addTransport(sink);
bus.emit({ event: "hello", from: "a consumer" });
await bus.close();

if (seen.length !== 1 || seen[0]?.event !== "hello") throw new Error("the event did not arrive");
