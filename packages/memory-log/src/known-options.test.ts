import { expect, it } from "vitest";
import { createActivityHandler } from "./http/create-activity-handler.js";
import { createMemoryLog } from "./memory-log.js";
import { memoryLogTransport } from "./memory-log-transport.js";

const refusal = (message: string) => expect.objectContaining({ code: "LOOPS_CONFIG", message });

it.each(["maxEntrys", "maxEntires", "maxEntrie", "MaxEntries", "maxEntriess"])(
  "refuses %s, a bound that would quietly not hold, and says which is meant",
  (name) => {
    const message = `[memory-log] the option ${name} is not known; did you mean maxEntries?`;
    expect(() => memoryLogTransport({ [name]: 5 })).toThrow(refusal(message));
    expect(() => createMemoryLog({ [name]: 5 })).toThrow(refusal(message));
  },
);

it("lists the options where none is alike", () => {
  expect(() => memoryLogTransport({ size: 5 } as object)).toThrow("known are ttlMs, maxEntries, maxBytes, now");
});

it("the handler refuses options it does not know, and takes all that it does", () => {
  const log = memoryLogTransport({ ttlMs: 1, maxEntries: 2, maxBytes: 3, now: Date.now });
  const wrong = { maxStream: 1 } as object;
  expect(() => createActivityHandler(log, wrong)).toThrow(
    refusal("[memory-log/http] the option maxStream is not known; did you mean maxStreams?"),
  );
  const bounds = { defaultLimit: 1, maxLimit: 1, maxPageBytes: 1, maxStreams: 1, heartbeatMs: 1, retryMs: 1 };
  expect(createActivityHandler(log, { ...bounds, authorize: () => true, allowOrigin: "*" }).openStreams).toBe(0);
});

it("the handler refuses a log that cannot be followed when it is made, not at the first stream", () => {
  // @ts-expect-error a log without a transport has no tail
  expect(() => createActivityHandler(createMemoryLog())).toThrow(refusal(expect.stringContaining("query and tail")));
  expect(() => createActivityHandler(undefined as never)).toThrow(refusal(expect.stringContaining("query and tail")));
});
