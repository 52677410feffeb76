import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { EventInput } from "./event.js";
import { isoNow, newEventId, stamp } from "./stamp.js";

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const ID = /^[0-9a-z]+-[0-9a-f]{12}-[1-9]\d*$/;

afterEach(() => {
  vi.restoreAllMocks();
});

describe("stamp", () => {
  it("K-1: adds ts and id where they are absent, and nothing else", () => {
    const { ts, id, ...rest } = stamp({ event: "state_enter", state: "fix" });
    expect(ts).toMatch(ISO);
    expect(id).toMatch(ID);
    expect(rest).toEqual({ event: "state_enter", state: "fix" });
  });

  it("K-1: keeps the ts and id of the caller, as an event that is emitted again has them", () => {
    expect(stamp({ event: "a", ts: "then", id: "own" })).toEqual({ event: "a", ts: "then", id: "own" });
  });

  it("K-12: copies one that was stamped before as it is, whatever its name", () => {
    for (let length = 0; length < 20; length++) {
      const input = { event: "e".repeat(length), ts: "then", id: "own", n: length };
      const stamped = stamp(input);
      expect(stamped).toEqual(input);
      expect(stamped).not.toBe(input);
      expect(Object.keys(stamped)).toEqual(["event", "ts", "id", "n"]);
    }
  });

  it("stamps are an event's own: those that it inherits are not in the copy, and are made anew", () => {
    const heir: EventInput = Object.assign(Object.create({ event: "a", ts: "then", id: "own" }), { n: 1 });
    expect(Object.keys(stamp(heir))).toEqual(["event", "ts", "id", "n"]);
    expect(stamp(Object.create({ event: "a", ts: "then", id: "own" })).event).toBe("");
  });

  it("puts event, ts and id first, wherever the caller had them", () => {
    expect(Object.keys(stamp({ state: "fix", event: "a", loop: "l" }))).toEqual(["event", "ts", "id", "state", "loop"]);
    expect(Object.keys(stamp({ state: "fix", id: "i", ts: "t", event: "a" }))).toEqual(["event", "ts", "id", "state"]);
  });

  it("takes undefined and null for absent", () => {
    const stamped = stamp({ event: undefined, ts: undefined, id: null } as unknown as EventInput);
    expect(stamped).toEqual({ event: "", ts: expect.stringMatching(ISO), id: expect.stringMatching(ID) });
  });

  it("an event without a name gets the empty one", () => {
    expect(stamp({ state: "fix" } as unknown as EventInput).event).toBe("");
  });

  it("K-12: is a copy: neither of the two objects sees changes of the other", () => {
    const input = { event: "a", n: 1 };
    const stamped = stamp(input);
    input.n = 2;
    expect(stamped["n"]).toBe(1);
    expect(Object.keys(input)).toEqual(["event", "n"]);
  });

  it("a field called __proto__ stays a field", () => {
    const input: EventInput = JSON.parse('{"event":"a","__proto__":{"polluted":1}}');
    expect(Object.keys(stamp(input))).toContain("__proto__");
    expect(stamp(input)["polluted"]).toBeUndefined();
  });

  it("a field that throws becomes readable text and costs no other field, not even __proto__", () => {
    const input: EventInput = JSON.parse('{"event":"a","__proto__":1}');
    Object.defineProperty(input, "broken", { enumerable: true, get: () => expect.unreachable("no value today") });
    Object.defineProperty(input, "after", { enumerable: true, value: 2 });
    const stamped = stamp(input);
    expect(Object.keys(stamped)).toEqual(["event", "ts", "id", "__proto__", "broken", "after"]);
    expect(stamped).toMatchObject({ event: "a", broken: expect.stringContaining("no value today"), after: 2 });
    expect(stamped["broken"]).toMatch(/^\[Throws: /);
  });

  it("an object that cannot be read at all is stamped and says why", () => {
    const { proxy, revoke } = Proxy.revocable({ event: "a" }, {});
    revoke();
    expect(stamp(proxy)).toEqual({
      event: "",
      ts: expect.stringMatching(ISO),
      id: expect.stringMatching(ID),
      encode_error: expect.stringContaining("revoked"),
    });
  });
});

describe("isoNow", () => {
  it("agrees with Date whichever way the clock moves", () => {
    const now = vi.spyOn(Date, "now");
    const anyMs = fc.integer({ min: -8.64e15, max: 8.64e15 });
    const nearby = fc.integer({ min: -1500, max: 1500 });
    fc.assert(
      fc.property(anyMs, fc.array(nearby, { minLength: 1, maxLength: 20 }), (start, steps) => {
        for (const step of steps) {
          const ms = Math.max(-8.64e15, Math.min(8.64e15, start + step));
          now.mockReturnValue(ms);
          expect(isoNow()).toBe(new Date(ms).toISOString());
        }
      }),
    );
  });

  it("formats a date once a second, however many events there are", () => {
    const now = vi.spyOn(Date, "now");
    const format = vi.spyOn(Date.prototype, "toISOString");
    for (let ms = 5_000_000_000_000; ms < 5_000_000_002_000; ms++) {
      now.mockReturnValue(ms);
      isoNow();
    }
    expect(format).toHaveBeenCalledTimes(2);
  });
});

describe("newEventId", () => {
  it("has the documented form and never repeats, though clock and Math.random stand still", () => {
    vi.spyOn(Date, "now").mockReturnValue(0);
    vi.spyOn(Math, "random").mockReturnValue(0.5);
    const ids = Array.from({ length: 10_000 }, newEventId);
    expect(ids.every((id) => ID.test(id))).toBe(true);
    expect(new Set(ids).size).toBe(ids.length);
  });
});
