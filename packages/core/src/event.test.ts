import { expect, it } from "vitest";
import { eventFromRecord } from "./event.js";

it("K-3: reads the name from event, else type, else unknown, and the time from ts, else timestamp, else empty", () => {
  const read = (record: Record<string, unknown>) => JSON.stringify(eventFromRecord(record));
  expect(read({ type: "a", timestamp: "t", n: 1 })).toBe('{"event":"a","ts":"t","id":"","n":1}');
  expect(read({})).toBe('{"event":"unknown","ts":"","id":""}');
  expect(read({ n: 1, id: "i", ts: "t", event: "a" })).toBe('{"event":"a","ts":"t","id":"i","n":1}');
});

it("K-3: an alias beside the real field is kept, and the record itself is not touched", () => {
  const record = Object.freeze({ event: "evaluate", type: "exit_code", ts: "t", timestamp: 5, verdict: "yes" });
  expect(eventFromRecord(record)).toEqual({
    event: "evaluate",
    ts: "t",
    id: "",
    type: "exit_code",
    timestamp: 5,
    verdict: "yes",
  });
});

it("K-4: bare and dotted names are carried as they are", () => {
  for (const event of ["state_enter", "issue.closed", "parallel.task.done"])
    expect(eventFromRecord({ event }).event).toBe(event);
});

it("K-3: a record may hold anything in the fields of an event; they are read as text", () => {
  const hostile = JSON.parse('{"event":{"toString":1},"ts":[1],"id":{"valueOf":2},"n":1}');
  expect(eventFromRecord(hostile)).toEqual({ event: '{"toString":1}', ts: "[1]", id: '{"valueOf":2}', n: 1 });
});
