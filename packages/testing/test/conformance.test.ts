import { test } from "vitest";
import { recordingTransport, transportConformance } from "../src/index.js";
import { fileSink } from "./fixtures/file-sink.js";
import { ringSink } from "./fixtures/ring-log.js";
import { acknowledgedSink, limitedSink, queuedSink, synchronousSink } from "./fixtures/sinks.js";

transportConformance({ test, name: "queued sink", ...queuedSink });
transportConformance({ test, name: "synchronous sink", ...synchronousSink });
transportConformance({ test, name: "acknowledged sink", ...acknowledgedSink });
transportConformance({ test, name: "acknowledged sink with a time limit", ...limitedSink });
transportConformance({ test, name: "file sink", ...fileSink });
transportConformance({ test, name: "ring log", ...ringSink });
transportConformance({
  test,
  name: "recordingTransport",
  create() {
    const transport = recordingTransport();
    return { transport, observe: () => transport.events, faults: transport };
  },
  capabilities: { faults: ["fail", "stall"] },
});
