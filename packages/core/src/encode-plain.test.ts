import vm from "node:vm";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeEvent } from "./encode.js";
import { spendOnPlain } from "./encode-plain.js";
import type { LoopEvent } from "./event.js";

const head = { event: "e", ts: "t", id: "i" };
const parse = (event: LoopEvent) => JSON.parse(encodeEvent(event).json);
const encoded = (value: unknown) => parse({ ...head, value }).value;

function throwing(message: string): object {
  return {
    get broken() {
      throw new Error(message);
    },
    fine: 1,
  };
}

describe("values that JSON does not know become readable", () => {
  it.each([
    ["BigInt", 12345678901234567890n, "12345678901234567890"],
    ["symbol", Symbol("mark"), "Symbol(mark)"],
    ["function", function act() {}, "[Function: act]"],
    ["arrow function without a name", (() => () => {})(), "[Function: anonymous]"],
    ["class", class Runner {}, "[Function: Runner]"],
    ["Date", new Date(0), "1970-01-01T00:00:00.000Z"],
    ["invalid Date", new Date(Number.NaN), null],
    ["RegExp", /a+/gi, "/a+/gi"],
    ["URL", new URL("https://example.com/a?b=c"), "https://example.com/a?b=c"],
    ["URLSearchParams", new URLSearchParams({ a: "1" }), "a=1"],
    [
      "Map with string keys",
      new Map<string, unknown>([
        ["b", 1n],
        ["a", new Map()],
      ]),
      { b: "1", a: {} },
    ],
    [
      "Map with other keys",
      new Map<unknown, unknown>([
        [1, "one"],
        [{ k: 1 }, 2],
      ]),
      [
        [1, "one"],
        [{ k: 1 }, 2],
      ],
    ],
    ["Set", new Set([1, "two", new Set([3n])]), [1, "two", ["3"]]],
    ["Buffer", Buffer.from("hello"), "data:;base64,aGVsbG8="],
    ["a part of a buffer", Buffer.from("hello").subarray(1, 3), "data:;base64,ZWw="],
    ["ArrayBuffer", new Uint8Array([1, 2, 3]).buffer, "data:;base64,AQID"],
    ["SharedArrayBuffer", new SharedArrayBuffer(2), "data:;base64,AAA="],
    ["DataView", new DataView(new Uint8Array([9, 1, 2]).buffer, 1), "data:;base64,AQI="],
    ["Float64Array", new Float64Array([1.5, Number.NaN]), [1.5, null]],
    ["BigInt64Array", new BigInt64Array([-1n]), ["-1"]],
    ["NaN and Infinity", [Number.NaN, Number.POSITIVE_INFINITY], [null, null]],
    ["undefined", { a: undefined, list: [undefined] }, { list: [null] }],
    // biome-ignore lint/suspicious/noSparseArray: this is what it is about
    ["sparse array", [1, , 1n], [1, null, "1"]],
    ["boxed primitives", [Object(1n), new Number(2), new String("ab"), new Boolean(false)], ["1", 2, "ab", false]],
    ["Promise", Promise.resolve(), "[object Promise]"],
    ["object without a prototype", Object.assign(Object.create(null), { a: 1n }), { a: "1" }],
    ["lone surrogate", ["\ud800", 1n], ["\ud800", "1"]],
  ])("%s", (_kind, value, expected) => {
    expect(encoded(value)).toEqual(expected);
    expect(encoded({ deeper: [value] })).toEqual({ deeper: [expected] });
  });

  it("an Error has name, message and stack, and code, cause, errors and its own fields where it has them", () => {
    const cause = new TypeError("inner");
    const error = Object.assign(new Error("outer", { cause }), { code: "ENOENT", path: "/x", size: 1n });
    const json = encoded(error);
    expect(Object.keys(json)).toEqual(["name", "message", "stack", "code", "cause", "path", "size"]);
    expect(json).toMatchObject({ name: "Error", message: "outer", code: "ENOENT", path: "/x", size: "1" });
    expect(json.stack).toContain("encode-plain.test");
    expect(json.cause).toMatchObject({ name: "TypeError", message: "inner" });
    expect(encoded(new AggregateError([cause], "all")).errors).toMatchObject([{ name: "TypeError" }]);
    expect(encoded(new DOMException("gone", "AbortError"))).toMatchObject({ name: "AbortError", message: "gone" });
  });

  it("what comes from another realm is known too", () => {
    const foreign = vm.runInNewContext(
      "({ error: new RangeError('far'), map: new Map([['a', 1]]), list: [1n], plain: {} })",
    );
    expect(encoded(foreign)).toMatchObject({
      error: { name: "RangeError", message: "far" },
      map: { a: 1 },
      list: ["1"],
      plain: {},
    });
  });

  it("an instance of a class has its own enumerable fields; without any it has its own text", () => {
    class Point {
      x = 1;
      #y = 2;
      get sum() {
        return this.x + this.#y;
      }
    }
    class Money {
      #cents = 150;
      toString() {
        return `${this.#cents / 100} EUR`;
      }
    }
    expect(encoded([new Point(), new Money(), new (class Empty {})()])).toEqual([{ x: 1 }, "1.5 EUR", {}]);
  });

  it("a field called __proto__ is a field", () => {
    const value = JSON.parse('{"__proto__":{"a":1},"constructor":2}');
    const expected = '{"__proto__":{"a":1},"constructor":2';
    expect(encodeEvent({ ...head, value }).json).toContain(`${expected}}`);
    expect(encodeEvent({ ...head, value: { ...value, n: 1n } }).json).toContain(`${expected},"n":"1"}`);
    expect(encoded(new Map([["__proto__", 1n]]))).toEqual(JSON.parse('{"__proto__":"1"}'));
  });
});

describe("toJSON", () => {
  it("is honoured with its key, at any depth, on functions too", () => {
    const value = { toJSON: (key: string) => `at ${key}` };
    expect(encoded(value)).toBe("at value");
    expect(encoded([{ a: value }, value])).toEqual([{ a: "at a" }, "at 1"]);
    expect(encoded(Object.assign(() => {}, { toJSON: () => "callable" }))).toBe("callable");
    expect(encoded(Object.assign([1], { toJSON: () => 5n }))).toBe("5");
  });

  it("may return what needs encoding itself, itself, or nothing", () => {
    expect(encoded({ toJSON: () => new Map([["n", 1n]]) })).toEqual({ n: "1" });
    const self = { a: 1n, toJSON: () => self };
    expect(encoded(self)).toEqual({ a: "1", toJSON: "[Function: toJSON]" });
    expect(encoded({ a: { toJSON: () => undefined }, b: [{ toJSON: () => undefined }] })).toEqual({ b: [null] });
  });

  it("becomes readable text when it throws", () => {
    const value = {
      toJSON() {
        throw new Error("not today");
      },
    };
    expect(encoded([value, 1])).toEqual(["[Throws: not today]", 1]);
  });

  it("that never comes to an end is cut off", () => {
    const endless = (): object => ({ toJSON: endless });
    expect(encoded(endless())).toBe("[Deep]");
  });

  it("as a field of the event is data: nothing replaces an event", () => {
    expect(parse({ ...head, toJSON: () => "gone" })).toEqual({ ...head, toJSON: "[Function: toJSON]" });
    class Wrapped {
      toJSON() {
        return "gone";
      }
    }
    expect(parse(Object.assign(new Wrapped(), head) as unknown as LoopEvent)).toEqual(head);
  });
});

describe("structures that do not end or do not let themselves be read", () => {
  it("what contains itself is marked where it closes the circle, and only there", () => {
    const loop: Record<string, unknown> = { n: 1 };
    loop["self"] = loop;
    loop["list"] = [new Map([["back", loop]])];
    expect(encoded(loop)).toEqual({ n: 1, self: "[Circular]", list: [{ back: "[Circular]" }] });
    const event: LoopEvent = { ...head, ref: {} };
    Object.assign(event["ref"] as object, { event });
    expect(parse(event)).toEqual({ ...head, ref: { event: "[Circular]" } });
  });

  it("what is shared without containing itself is written each time", () => {
    const shared = { n: 1n };
    expect(encoded([shared, { shared }, shared])).toEqual([{ n: "1" }, { shared: { n: "1" } }, { n: "1" }]);
  });

  it("64 levels are written, a deeper container is not", () => {
    const nest = (levels: number, leaf: unknown): unknown => (levels === 0 ? leaf : [nest(levels - 1, leaf)]);
    expect(encoded(nest(64, 1))).toEqual(nest(64, 1));
    expect(encoded(nest(64, 1n))).toEqual(nest(64, "1"));
    expect(encoded(nest(65, 1))).toEqual(nest(64, "[Deep]"));
    expect(encoded(nest(1000, {}))).toEqual(nest(64, "[Deep]"));
  });

  it("a getter that throws costs only its own field", () => {
    expect(encoded(throwing("no value"))).toEqual({ broken: "[Throws: no value]", fine: 1 });
    expect(parse({ ...head, ...{ a: 1 }, deep: [throwing("x")] })).toEqual({
      ...head,
      a: 1,
      deep: [{ broken: "[Throws: x]", fine: 1 }],
    });
  });

  it("a proxy that throws is readable text, for each of its traps", () => {
    const trap = () => {
      throw new Error("trapped");
    };
    for (const name of ["get", "ownKeys", "getOwnPropertyDescriptor", "getPrototypeOf"] as const) {
      const json = encoded([new Proxy({ a: 1n }, { [name]: trap }), "after"]);
      expect(JSON.stringify(json)).toContain("[Throws: trapped]");
      expect(json[1]).toBe("after");
    }
    const { proxy, revoke } = Proxy.revocable([], {});
    revoke();
    expect(encoded([proxy])).toEqual([expect.stringMatching(/^\[Throws: .*revoked\]$/)]);
  });

  it("anything may be thrown", () => {
    const thrown = [null, undefined, 5, Symbol("s"), Object.create(null), { message: 1 }, "x".repeat(1e6)];
    for (const value of thrown) {
      const json = encoded({
        get broken() {
          throw value;
        },
      });
      expect(json.broken).toMatch(/^\[Throws: .{1,200}\]$/);
    }
  });

  it("a list that lies about its length is bounded", () => {
    for (const length of [Number.NaN, Number.POSITIVE_INFINITY, 1e15, "many"]) {
      const liar = new Proxy([1], { get: (list, key) => (key === "length" ? length : Reflect.get(list, key)) });
      expect(parse({ ...head, liar })).toEqual({ ...head, truncated: { bytes: null, limit: 4_194_304 } });
    }
  });
});

describe("whatever an event holds", () => {
  const { hostile } = fc.letrec<{ hostile: unknown; leaf: unknown; node: unknown }>((tie) => ({
    leaf: fc.oneof(
      fc.anything({
        withBigInt: true,
        withBoxedValues: true,
        withDate: true,
        withMap: true,
        withNullPrototype: true,
        withObjectString: true,
        withSet: true,
        withSparseArray: true,
        withTypedArray: true,
        withUnicodeString: true,
      }),
      fc.string({ unit: "binary" }),
      fc.string().map((text) => Symbol(text)),
      fc.string().map((text) => new Error(text)),
      fc.func(fc.anything()),
      fc.constant(/x/),
      fc.constant(Promise.resolve()),
    ),
    node: fc.oneof(
      fc.dictionary(fc.string(), tie("hostile")).map((fields) => Object.assign(fields, { self: fields })),
      fc.array(tie("hostile")).map((list) => [...list, list]),
      fc.array(tie("hostile")).map((list) => new Set(list)),
      fc.array(fc.tuple(tie("hostile"), tie("hostile"))).map((entries) => new Map(entries)),
      tie("hostile").map((value) => ({ toJSON: () => value })),
      tie("hostile").map((value) => ({
        toJSON: () => {
          throw value;
        },
      })),
      tie("hostile").map((value) => ({
        get broken() {
          throw value;
        },
      })),
      tie("hostile").map((value) => new Error("with a cause", { cause: value })),
      tie("hostile").map(
        (value) =>
          new Proxy(
            {},
            {
              ownKeys: () => {
                throw value;
              },
            },
          ),
      ),
    ),
    hostile: fc.oneof({ depthSize: "small", withCrossShrink: true }, tie("leaf"), tie("node")),
  }));

  it("encoding never throws, is JSON in UTF-8, and keeps event, ts and id", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), hostile), (fields) => {
        const result = encodeEvent({ ...fields, ...head });
        expect(JSON.parse(result.json)).toMatchObject(head);
        expect(new TextDecoder("utf-8", { fatal: true }).decode(result.bytes)).toBe(result.line);
        expect(result.line.indexOf("\n")).toBe(result.line.length - 1);
      }),
      { numRuns: process.env["LOOPS_LONG"] === "1" ? 20_000 : 300 },
    );
  });

  it("what JSON can say is said unchanged beside what it cannot", () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        const json = encodeEvent({ ...head, mixed: [{ n: 1n, value }, value] }).json;
        expect(json).toBe(JSON.stringify({ ...head, mixed: [{ n: "1", value }, value] }));
      }),
      { numRuns: 1000 },
    );
  });

  it("no value is charged more than four units for each byte of its JSON: nothing is truncated that would fit", () => {
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof({ maxDepth: 4 }, fc.constantFrom(0, "", null, "ab"), tie("list"), tie("fields")),
      list: fc.array(tie("value"), { maxLength: 3 }),
      fields: fc.dictionary(fc.string({ maxLength: 2 }), tie("value"), { maxKeys: 3 }),
    }));
    fc.assert(
      fc.property(fc.oneof(value, fc.jsonValue()), (json) => {
        const cost = 1e6 - spendOnPlain(json, 1e6);
        expect(cost).toBeLessThanOrEqual(4 * (Buffer.byteLength(JSON.stringify(json)) + 1));
      }),
      { numRuns: 1000 },
    );
  });
});
