import { describe, expect, it } from "vitest";
import { Conversation, type Outcome } from "./conversation.js";
import type { SocketItem } from "./socket-item.js";

const ts = "2024-01-15T10:30:00.000Z";
const hello = { event: "socket.hello", ts, protocol: 1, replay: true, cursor: "e:3", snapshots: 0, heartbeat_ms: 50 };
const entry = (n: number) => ({ cursor: `e:${n}`, event: { event: "step", ts, id: `i${n}`, n } });
const state = (run_id: string) => ({ event: "state_change", ts, run_id });

/** What a server's messages become, and how the last one ended. */
function converse(messages: readonly unknown[], snapshot = true) {
  const conversation = new Conversation({ attempt: 2, snapshot });
  const items: SocketItem[] = [];
  let outcome: Outcome = { kind: "go-on" };
  for (const message of messages) {
    const text = typeof message === "string" ? message : JSON.stringify(message);
    outcome = conversation.take(text, (item) => items.push(item));
  }
  return { items, outcome };
}

describe("a conversation", () => {
  it("passes over what comes before the hello: that is for clients that ask for nothing", () => {
    expect(converse([state("r"), entry(1).event, { event: "socket.gap", ts, missed: 1 }]).items).toEqual([]);
  });

  it("begins with the hello and the snapshot, then has entries with their cursors", () => {
    const { items } = converse([{ ...hello, snapshots: 2 }, state("r"), state("s"), entry(4)]);
    expect(items).toEqual([
      { type: "connected", replay: true, cursor: "e:3", attempt: 2 },
      { type: "snapshot", runs: [state("r"), state("s")], cursor: "e:3" },
      { type: "event", event: entry(4).event, cursor: "e:4" },
    ]);
  });

  it("has an empty snapshot where nothing runs, and none where none was asked for", () => {
    expect(converse([hello]).items.map(({ type }) => type)).toEqual(["connected", "snapshot"]);
    expect(converse([hello], false).items.map(({ type }) => type)).toEqual(["connected"]);
  });

  it("a snapshot of which frames were lost ends where something else begins", () => {
    const gap = { event: "socket.gap", ts, missed: 1, cursor: null };
    const { items } = converse([{ ...hello, snapshots: 2 }, state("r"), gap, entry(4)]);
    expect(items.slice(1)).toEqual([
      { type: "snapshot", runs: [state("r")], cursor: "e:3" },
      { type: "gap", missed: 1, cursor: null },
      { type: "event", event: entry(4).event, cursor: "e:4" },
    ]);
  });

  it("a state_change after the snapshot is an event like any other", () => {
    expect(converse([hello, state("r")]).items.at(-1)).toEqual({ type: "event", event: state("r"), cursor: null });
  });

  it("passes over heartbeats and frames that it does not know", () => {
    const { items, outcome } = converse([hello, { event: "socket.heartbeat", ts }, { event: "socket.later", ts }]);
    expect([items.length, outcome]).toEqual([2, { kind: "go-on" }]);
  });

  it.each(["{", "[]", "7", '{"cursor":"e:1"}', '{"event":5}'])("is over when the server says %s", (text) => {
    expect(converse([hello, text]).outcome).toEqual({
      kind: "lost",
      reason: "the server does not speak this protocol",
    });
  });

  it.each([
    [
      '{"event":"socket.closing","reason":{"toString":1}}',
      { kind: "lost", reason: expect.stringContaining("(close)") },
    ],
    ['{"event":"socket.error","message":{"toString":1}}', { kind: "refused", reason: expect.any(String) }],
    [`{"event":"socket.closing","reason":"${"x".repeat(10_000)}"}`, { kind: "lost", reason: expect.any(String) }],
  ])("takes no harm from %.60s", (text, outcome) => {
    const { outcome: how } = converse([hello, text]);
    expect(how).toEqual(outcome);
    expect(JSON.stringify(how).length).toBeLessThan(1000);
  });

  it("leaves a server that announces an endless snapshot", () => {
    const { items, outcome } = converse([{ ...hello, snapshots: 100_001 }]);
    expect([items, outcome]).toEqual([[], { kind: "lost", reason: "the server announces 100001 runs at once" }]);
  });

  it.each(["1e999", "0.5", "-1", '"many"'])("takes a snapshot of %s runs for none", (snapshots) => {
    const text = JSON.stringify(hello).replace('"snapshots":0', `"snapshots":${snapshots}`);
    expect(converse([text, entry(4)]).items.map(({ type }) => type)).toEqual(["connected", "snapshot", "event"]);
  });

  it.each(["-5", "0.5", "1e999", '"3"'])("a gap of %s events is one of unknown size", (missed) => {
    expect(converse([hello, `{"event":"socket.gap","missed":${missed}}`]).items.at(-1)).toMatchObject({ missed: null });
  });

  it("tells a server that closes, which may come back, from one that refuses", () => {
    const closing = { event: "socket.closing", ts, reason: "slow" };
    expect(converse([hello, closing]).outcome).toEqual({
      kind: "lost",
      reason: "the server closes the connection (slow)",
    });
    const error = { event: "socket.error", ts, code: "LOOPS_SOCKET_REQUEST", message: "since is no cursor" };
    expect(converse([error]).outcome).toEqual({ kind: "refused", reason: "since is no cursor" });
  });
});
