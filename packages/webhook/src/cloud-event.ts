import { createHash } from "node:crypto";
import type { LoopEvent } from "@loops/core";

/** A CloudEvent 1.0 in JSON form, as made by {@link toCloudEvent}. */
export interface CloudEvent {
  readonly specversion: "1.0";
  readonly id: string;
  /** What it happened to, a URI reference. */
  readonly source: string;
  readonly type: string;
  readonly time?: string;
  readonly datacontenttype: "application/json";
  /** The event's fields but `event`, `ts` and `id`, which are `type`, `time` and `id`. */
  readonly data: Readonly<Record<string, unknown>>;
}

const rfc3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/;

/**
 * An event as a CloudEvent. Where `event` or `id` is empty, or `ts` is no RFC 3339 time, which CloudEvents does not
 * allow, the value stays in `data` under its own name, so that {@link fromCloudEvent} gives the same event back. Pure.
 *
 * @param source a URI reference that is not empty
 * @see https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md
 */
export function toCloudEvent(event: LoopEvent, source: string): CloudEvent {
  const { event: type, ts, id, ...fields } = event;
  const hasTime = isTime(ts);
  const odd = {
    ...(!isText(type) && { event: type }),
    ...(!hasTime && { ts }),
    ...(!isText(id) && { id }),
  };
  return {
    specversion: "1.0",
    id: isText(id) ? id : createHash("sha256").update(JSON.stringify(event)).digest("base64url"),
    source,
    type: isText(type) ? type : "unknown",
    ...(hasTime && { time: ts }),
    datacontenttype: "application/json",
    data: { ...odd, ...fields },
  };
}

/**
 * A CloudEvent in JSON form as an event: those of {@link toCloudEvent} come back as they were. Of others, `data` that
 * is no object, or has an `event`, `ts` or `id` of its own, becomes the field `data`; `source` and extension attributes
 * are left out. Pure.
 */
export function fromCloudEvent(cloudEvent: Readonly<Record<string, unknown>>): LoopEvent {
  const { type = "unknown", time = "", id = "", data } = cloudEvent;
  const attributes = { event: type, ts: time, id };
  if (data === undefined) return attributes as LoopEvent;
  if (typeof data !== "object" || data === null || Array.isArray(data)) return { ...attributes, data } as LoopEvent;
  const { event, ts, id: ownId } = data as Readonly<Record<string, unknown>>;
  // What is valid would be an attribute if we had made it.
  if (isText(event) || isTime(ts) || isText(ownId)) return { ...attributes, data } as LoopEvent;
  return { ...attributes, ...data } as LoopEvent;
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function isTime(value: unknown): value is string {
  return typeof value === "string" && rfc3339.test(value) && !Number.isNaN(Date.parse(value));
}
