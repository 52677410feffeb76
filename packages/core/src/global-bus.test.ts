import { afterEach, expect, it } from "vitest";
import { createBus } from "./bus.js";
import { getBus, nullBus, setBus } from "./global-bus.js";

afterEach(() => setBus(null));

it("R-15: the null bus does nothing and touches nothing", async () => {
  expect(nullBus.emit({ event: "a" } as never)).toBeUndefined();
  nullBus.on(() => {})();
  nullBus.off(() => {});
  nullBus.addTransport({
    send: () => {
      throw new Error("never called");
    },
    close() {},
  });
  nullBus.emit({ event: "a" } as never);
  expect(await nullBus.flush()).toEqual({ ok: true, sinks: [] });
  expect(await nullBus.close()).toEqual({ ok: true, sinks: [] });
  expect(nullBus.stats()).toMatchObject({ received: 0, sinks: [] });
});

it("R-16: get returns the bus that was set, else a null bus; set replaces, null clears, the old one stays open", () => {
  expect(getBus()).toBe(nullBus);
  const first = createBus();
  const second = createBus();
  setBus(first);
  expect(getBus()).toBe(first);
  setBus(second);
  expect(getBus()).toBe(second);
  expect(first.closed).toBe(false);
  setBus(null);
  expect(getBus()).toBe(nullBus);
});

it("is shared by two installed copies of core", () => {
  const bus = createBus();
  (globalThis as Record<symbol, unknown>)[Symbol.for("@loops/core/bus")] = bus;
  expect(getBus()).toBe(bus);
});
