import { describe, expect, it } from "vitest";
import { createEventLogBackend } from "./create-event-log-backend.js";

/** Whether a backend keeps what it is given. */
function keeps(backend: ReturnType<typeof createEventLogBackend>): boolean {
  backend.append("k");
  return backend.query().events.length === 1;
}

describe("createEventLogBackend", () => {
  it.each(["memory", " Memory\n", "MEMORY", "", "  ", null, undefined])("M-13: %j is memory", (name) => {
    expect(keeps(createEventLogBackend(name))).toBe(true);
  });

  it.each(["disabled", "off", "none", " OFF ", "None"])("M-13: %j is disabled", (name) => {
    expect(keeps(createEventLogBackend(name))).toBe(false);
  });

  it("M-13: passes the bounds on", () => {
    const log = createEventLogBackend("memory", { maxEntries: 1 });
    log.append("a");
    log.append("b");
    expect(log.query().events.map(({ kind }) => kind)).toEqual(["b"]);
  });

  it("M-14: an unknown name is an error that lists the known ones, never memory in silence", () => {
    expect(() => createEventLogBackend("memroy")).toThrow(
      expect.objectContaining({
        code: "LOOPS_CONFIG",
        message: '[memory-log] backend must be the name of one, not "memroy"; known are memory, disabled, off, none',
      }),
    );
  });

  it.each([5, false, {}, ["memory"]])("M-14: %j is an error, too", (name) => {
    expect(() => createEventLogBackend(name as never)).toThrow(expect.objectContaining({ code: "LOOPS_CONFIG" }));
  });

  it.each(["redis", " Redis "])("M-14: %j is an error that says which package has it", (name) => {
    expect(() => createEventLogBackend(name)).toThrow(
      expect.objectContaining({
        code: "LOOPS_CONFIG",
        message: expect.stringContaining("createRedisLog of @loops/redis-stream"),
      }),
    );
  });

  it.each(["memory", "disabled"])("M-15: the backend %s has append, query and clear", (name) => {
    const backend = createEventLogBackend(name);
    expect(backend.append("k", { a: 1 }).toJSON()).toMatchObject({ id: 1, kind: "k", payload: { a: 1 } });
    backend.clear();
    expect(backend.query()).toMatchObject({ events: [], gap: false, oldest: null, next: backend.query().newest });
    expect(backend.append("k").id).toBe(2);
  });
});

describe("the disabled backend", () => {
  it("M-12: returns events with ids rising from 1, keeps none of them, and finds nothing", () => {
    const log = createEventLogBackend("disabled");
    const before = Date.now() / 1000;
    const events = [log.append("a", { deep: [1] }), log.append("b")];
    expect(events.map((event) => [event.id, event.kind, event.payload])).toEqual([
      [1, "a", { deep: [1] }],
      [2, "b", {}],
    ]);
    expect(events[0]?.timestamp).toBeGreaterThanOrEqual(before);
    for (const query of [undefined, {}, { since: 0 }, { since: 1 }, { limit: 5 }]) {
      expect(log.query(query)).toMatchObject({ events: [], gap: false, oldest: null });
    }
  });

  it("M-12: clear changes nothing", () => {
    const log = createEventLogBackend("disabled");
    log.append("a");
    log.clear();
    expect(log.append("b").id).toBe(2);
  });
});
