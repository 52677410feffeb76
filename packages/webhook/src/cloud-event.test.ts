import type { LoopEvent } from "@loops/core";
import { CloudEvent } from "cloudevents";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromCloudEvent, toCloudEvent } from "./cloud-event.js";

const field = fc.string({ minLength: 1 }).filter((key) => !["event", "ts", "id", "__proto__"].includes(key));
const time = fc
  .date({ noInvalidDate: true, min: new Date("0001-01-01T00:00:00Z"), max: new Date("9999-01-01T00:00:00Z") })
  .map((date) => date.toISOString());
const event: fc.Arbitrary<LoopEvent> = fc
  .record({
    event: fc.string(),
    ts: fc.oneof(time, fc.string(), fc.constant("2026-02-30T99:00:00Z")),
    id: fc.string(),
    fields: fc.dictionary(field, fc.jsonValue()),
  })
  .map(({ fields, ...own }) => JSON.parse(JSON.stringify({ ...own, ...fields })));

describe("an event as a CloudEvent", () => {
  it("comes back as it was, whatever it holds", () => {
    fc.assert(
      fc.property(event, (given) => {
        const wire = JSON.parse(JSON.stringify(toCloudEvent(given, "/loops")));
        expect(fromCloudEvent(wire)).toEqual(given);
      }),
    );
  });

  it("is valid for the CloudEvents SDK, whatever it holds", () => {
    fc.assert(
      fc.property(event, (given) => {
        const read = new CloudEvent({ ...toCloudEvent(given, "/loops") }, false);
        expect(read.validate()).toBe(true);
      }),
    );
  });

  it("has its name, time and id as attributes, and the rest as data", () => {
    const given = { event: "state_enter", ts: "2026-01-31T12:00:00.000Z", id: "m-1", state: "fix", type: "mine" };
    expect(toCloudEvent(given, "urn:loops:ci")).toEqual({
      specversion: "1.0",
      id: "m-1",
      source: "urn:loops:ci",
      type: "state_enter",
      time: "2026-01-31T12:00:00.000Z",
      datacontenttype: "application/json",
      data: { state: "fix", type: "mine" },
    });
  });
});

describe("a CloudEvent of others", () => {
  const attributes = { specversion: "1.0", id: "a-1", source: "/other", type: "com.example.done" };

  it("becomes an event, with its data as fields", () => {
    const read = fromCloudEvent({ ...attributes, time: "2026-01-31T12:00:00Z", data: { n: 1 } });
    expect(read).toEqual({ event: "com.example.done", ts: "2026-01-31T12:00:00Z", id: "a-1", n: 1 });
  });

  it.each([1, "text", null, [1]])("keeps data that is no object in one field: %j", (data) => {
    expect(fromCloudEvent({ ...attributes, data })).toEqual({ event: "com.example.done", ts: "", id: "a-1", data });
  });

  it("does not take an id in its data for its own", () => {
    const data = { id: "order-7", event: "paid" };
    expect(fromCloudEvent({ ...attributes, data })).toEqual({ event: "com.example.done", ts: "", id: "a-1", data });
  });
});
