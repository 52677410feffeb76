import { transportConformance } from "@loops/testing";
import { test } from "vitest";
import { memoryLogTransport } from "../src/memory-log-transport.js";

transportConformance({
  test,
  name: "memory-log",
  // Nothing can fail, stall or be full: the oldest entries make room.
  capabilities: { script: new URL("./fixtures/ends-by-itself.mjs", import.meta.url) },
  create() {
    const transport = memoryLogTransport();
    return { transport, observe: () => transport.query().events.map(({ event }) => event) };
  },
});
