import { type EncodedEvent, encodeEvent, type LoopEvent } from "@loops/core";
import { describe, expect, it } from "vitest";
import { isMemoryLogTransport, type MemoryLogTransportOptions, memoryLogTransport } from "./memory-log-transport.js";

let count = 0;

function event(name: string, fields: Record<string, unknown> = {}): LoopEvent {
  return { event: name, ts: "2024-01-15T10:30:00.000Z", id: `test-${++count}`, ...fields };
}

function sending(names: readonly string[], options?: MemoryLogTransportOptions) {
  const transport = memoryLogTransport(options);
  for (const name of names) send(transport, event(name));
  return transport;
}

function send(transport: { send(event: LoopEvent, encoded: EncodedEvent): void }, sent: LoopEvent): LoopEvent {
  transport.send(sent, encodeEvent(sent));
  return sent;
}

const names = (page: { readonly events: readonly { readonly event: LoopEvent }[] }) =>
  page.events.map(({ event: { event } }) => event);

describe("memoryLogTransport as a sink", () => {
  it("M-1: the kind of a record is the event's name, its payload all the rest", () => {
    const transport = memoryLogTransport({ now: () => 2500 });
    const sent = send(transport, event("state_enter", { state: "fix", depth: 0 }));
    expect(transport.log.query().events.map((record) => record.toJSON())).toEqual([
      { id: 1, timestamp: 2.5, kind: "state_enter", payload: { ts: sent.ts, id: sent.id, state: "fix", depth: 0 } },
    ]);
  });

  it("returns every event as it was sent, whatever happens to the sent object later", () => {
    const transport = memoryLogTransport();
    const sent = event("a", { list: [1, { deep: "x" }], payload: { event: "inner" } });
    const before = structuredClone(sent);
    send(transport, sent);
    (sent["list"] as unknown[])[1] = "changed";
    expect(transport.query().events[0]?.event).toEqual(before);
  });

  it("gives each reader a copy of its own", () => {
    const transport = memoryLogTransport();
    send(transport, event("a", { list: [1] }));
    Object.assign(transport.query().events[0]?.event ?? {}, { list: "changed" });
    expect(transport.query().events[0]?.event["list"]).toEqual([1]);
  });

  it("encodes what comes without an encoded form", () => {
    const transport = memoryLogTransport();
    const cursor = transport.append(event("a", { n: 10n }));
    expect(transport.query().events).toMatchObject([{ cursor, event: { event: "a", n: "10" } }]);
  });

  it("uses the encoded form that it is given, and serialises nothing again", () => {
    const transport = memoryLogTransport();
    const sent = event("a");
    const encoded = encodeEvent({ ...sent, from: "the encoded form" });
    transport.append(sent, encoded);
    expect(transport.query().events[0]?.event["from"]).toBe("the encoded form");
  });

  it("keeps a stub of an event that is over the byte bound by itself, and all events before it", () => {
    const transport = sending(["a", "b"], { maxBytes: 4000 });
    const huge = send(transport, event("huge", { text: "x".repeat(3000) }));
    expect(names(transport.query())).toEqual(["a", "b", "huge"]);
    expect(transport.query().events[2]?.event).toMatchObject({ id: huge.id, truncated: { limit: 2000 } });
  });

  it("counts what it delivered, and what it evicted apart from that", () => {
    const transport = sending(["a", "b", "c"], { maxEntries: 2 });
    const none = { queued: 0, inFlight: 0, spooled: 0 };
    expect(transport.stats()).toEqual({ received: 3, delivered: 3, dropped: {}, ...none, evicted: 1 });
    transport.close();
    send(transport, event("late"));
    expect(transport.stats()).toEqual({ received: 4, delivered: 3, dropped: { closed: 1 }, ...none, evicted: 1 });
  });

  it("refuses an append after close loudly, and counts it as dropped", () => {
    const transport = sending(["a"]);
    transport.close();
    transport.close();
    expect(() => transport.append(event("late"))).toThrow(expect.objectContaining({ code: "LOOPS_CLOSED" }));
    expect(transport.stats()).toMatchObject({ received: 2, delivered: 1, dropped: { closed: 1 } });
  });

  it("can still be read after close", () => {
    const transport = sending(["a"]);
    transport.close();
    expect(names(transport.query())).toEqual(["a"]);
    expect(transport.log.query().events).toHaveLength(1);
  });

  it("takes an event whose name is no text, and still filters the others", () => {
    const transport = memoryLogTransport();
    send(transport, { ...event("x"), event: 5 } as never);
    send(transport, event("a"));
    expect(names(transport.query({ filter: "a" }))).toEqual(["a"]);
    expect(names(transport.query())).toEqual([5, "a"]);
  });

  it("is recognised among other transports", () => {
    expect(isMemoryLogTransport(memoryLogTransport())).toBe(true);
    expect(isMemoryLogTransport({ name: "memory-log", send() {}, close() {} })).toBe(false);
  });
});

describe("memoryLogTransport as an event log", () => {
  it("append returns the cursor that query gives, and a query since it goes on after it", () => {
    const transport = memoryLogTransport();
    const cursors = ["a", "b", "c"].map((name) => transport.append(event(name)));
    const page = transport.query();
    expect(page.events.map(({ cursor }) => cursor)).toEqual(cursors);
    expect(page).toMatchObject({ gap: false, oldest: cursors[0], next: cursors[2] });
    expect(names(transport.query({ since: cursors[0] }))).toEqual(["b", "c"]);
  });

  it("says that there is a gap when what came after since is gone", () => {
    const transport = memoryLogTransport({ maxEntries: 2 });
    const first = transport.append(event("a"));
    for (const name of ["b", "c"]) transport.append(event(name));
    expect(transport.query({ since: first }).gap).toBe(false);
    transport.append(event("d"));
    const page = transport.query({ since: first });
    expect([page.gap, names(page)]).toEqual([true, ["c", "d"]]);
    expect(page.oldest).toBe(page.events[0]?.cursor);
  });

  it("a cursor of another log, and one that cannot be read, is a gap and gives all that is kept", () => {
    const transport = sending(["a", "b"]);
    for (const since of [sending(["x"]).query().next, "", "1", "nonsense"]) {
      const page = transport.query({ since });
      expect([page.gap, names(page)]).toEqual([true, ["a", "b"]]);
    }
  });

  it("filters by globs; limit counts what matched, next goes on after what was looked at", () => {
    const transport = sending(["loop_start", "state_enter", "issue.closed", "state_enter", "loop_complete"]);
    expect(names(transport.query({ filter: "loop_*" }))).toEqual(["loop_start", "loop_complete"]);
    expect(names(transport.query({ filter: ["issue.*", "loop_s*"] }))).toEqual(["loop_start", "issue.closed"]);
    expect(names(transport.query({ filter: [] }))).toEqual([]);
    const page = transport.query({ filter: "state_*", limit: 1 });
    expect(names(page)).toEqual(["state_enter"]);
    expect(names(transport.query({ filter: "state_*", limit: 1, since: page.next }))).toEqual(["state_enter"]);
    const none = transport.query({ filter: "absent" });
    expect(transport.query({ since: none.next }).events).toEqual([]);
  });

  it("reads what was appended to the log directly as an event, too", () => {
    const transport = memoryLogTransport({ now: () => 0 });
    transport.log.append("turn.started", { turn: 1, event: "reserved" });
    const [entry] = transport.query({ filter: "turn.*" }).events;
    expect(entry?.event).toEqual({ event: "turn.started", ts: "1970-01-01T00:00:00.000Z", id: entry?.cursor, turn: 1 });
  });
});
