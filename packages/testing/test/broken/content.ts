import { type BatchTransport, batchTransport, type LoopEvent } from "@loops/core";
import { MemoryTarget } from "../fixtures/memory-target.js";
import { queuedSubject } from "../fixtures/sinks.js";
import { brokenSink, withMethods } from "./broken-sink.js";

/** A sink that rewrites the JSON of each event. */
function rewriting(rewrite: (json: string) => string) {
  return () => queuedSubject({ prepare: (_event, { json }) => rewrite(json) });
}

function copy(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const copied: Record<string, unknown> = {};
  for (const [key, field] of Object.entries(value)) copied[key] = copy(field);
  return copied;
}

export const brokenContent = [
  brokenSink(
    "round-trip",
    "control characters are stripped",
    rewriting((json) => json.replaceAll("\\u0000", "")),
  ),
  brokenSink(
    "round-trip",
    "text goes through UTF-8, which has no lone surrogates",
    rewriting((json) =>
      JSON.stringify(JSON.parse(json), (_key, value) =>
        typeof value === "string" ? Buffer.from(value).toString() : value,
      ),
    ),
  ),
  brokenSink(
    "round-trip",
    "fields are copied one by one, as far as they have ordinary names",
    rewriting((json) => JSON.stringify(copy(JSON.parse(json)))),
  ),
  brokenSink(
    "large-field",
    "long fields are cut",
    rewriting((json) =>
      JSON.stringify(JSON.parse(json), (_key, value) => (typeof value === "string" ? value.slice(0, 20_000) : value)),
    ),
  ),
  brokenSink("snapshot", "the event is kept, and serialised when it is written", () => {
    const target = new MemoryTarget();
    const transport = batchTransport<LoopEvent>({
      name: "late",
      maxBatchItems: 16,
      maxQueueItems: 200,
      maxQueueBytes: 262_144,
      flushIntervalMs: 5,
      retry: { maxRetries: Number.POSITIVE_INFINITY, baseMs: 10, maxMs: 50 },
      prepare: (event) => event,
      sizeOf: (event) => JSON.stringify(event).length,
      write: (batch, { signal }) =>
        target.write(
          batch.map((event) => JSON.stringify(event)),
          signal,
        ),
    });
    return { ...queuedSubject({}, target), transport };
  }),
  brokenSink(
    "event-untouched",
    "the event is stamped in place",
    withMethods(({ transport }) => ({
      send(event, encoded) {
        const sent = transport.send(event, encoded);
        (event as Record<string, unknown>)["sent_at"] = "now";
        return sent;
      },
    })),
  ),
  brokenSink(
    "event-untouched",
    "the shared bytes are masked in place",
    withMethods(
      ({ transport }): Partial<BatchTransport> => ({
        send(event, encoded) {
          const sent = transport.send(event, encoded);
          encoded.bytes[0] = 0;
          return sent;
        },
      }),
    ),
  ),
];
