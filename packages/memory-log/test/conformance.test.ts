import { transportConformance } from "@loops/testing";
import { test } from "vitest";
import { memoryLogTransport } from "../src/memory-log-transport.js";

const maxEntries = 1000;

transportConformance({
  test,
  name: "memory-log",
  // Nothing can fail, stall or be full: the oldest entries make room.
  capabilities: { log: { maxEntries }, script: new URL("./fixtures/ends-by-itself.mjs", import.meta.url) },
  create() {
    const transport = memoryLogTransport({ maxEntries });
    return { transport, log: transport, observe: () => transport.query().events.map(({ event }) => event) };
  },
});
