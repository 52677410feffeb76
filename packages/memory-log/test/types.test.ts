import type { CreateTransport, EventLog, LoopEvent, Transport } from "@loops/core";
import { describe, expect, expectTypeOf, it } from "vitest";
import {
  createEventLogBackend,
  createMemoryLog,
  createTransport,
  type EventLogBackend,
  type MemoryLog,
  memoryLogTransport,
} from "../src/index.js";

/** Mostly checked by the compiler: it fails where a line marked as an error is none. */
describe("types", () => {
  it("the transport fits the contracts of core", () => {
    const transport = memoryLogTransport();
    expectTypeOf(transport).toExtend<Transport>();
    expectTypeOf(transport).toExtend<EventLog>();
    expectTypeOf(createTransport).toExtend<CreateTransport>();
    expectTypeOf(transport.query().events[0]).toEqualTypeOf<
      { readonly cursor: string; readonly event: LoopEvent } | undefined
    >();
    expect(transport.name).toBe("memory-log");
  });

  it("M-15: every log is a backend: append, query, clear", () => {
    expectTypeOf<MemoryLog>().toExtend<EventLogBackend>();
    expectTypeOf<keyof EventLogBackend>().toEqualTypeOf<"append" | "query" | "clear">();
    expect(createEventLogBackend()).toMatchObject({ append: expect.any(Function) });
  });

  it("M-1: an event is read-only, and payload fields are unknown until looked at", () => {
    const event = createMemoryLog().append("k", { a: 1 });
    const misuse = () => {
      // @ts-expect-error: the id is read-only
      event.id = 2;
    };
    expect(misuse).toThrow(TypeError);
    // @ts-expect-error: nobody knows what a field holds
    const field: number = event.payload["a"];
    expect(field).toBe(1);
  });

  it("bounds are numbers", () => {
    // @ts-expect-error: text is no number of milliseconds
    expect(() => createMemoryLog({ ttlMs: "1h" })).toThrow("ttlMs");
    // @ts-expect-error: the option is called ttlMs
    expect(() => createMemoryLog({ ttlSeconds: 1 })).toThrow("ttlSeconds");
  });
});
