import type { AnyEvent, Bus } from "./bus.js";
import type { EventInput } from "./event.js";

// Under a registered symbol, so that two installed copies of core share one bus.
const key = Symbol.for("@loops/core/bus");
const holder = globalThis as { [key]?: Bus | null };

const nothing = /* @__PURE__ */ Object.freeze({ ok: true, sinks: /* @__PURE__ */ Object.freeze([]) });

/** A bus that does nothing: emits vanish, flush and close are done at once. */
export const nullBus: Bus<never> = /* @__PURE__ */ Object.freeze({
  emit() {},
  on: () => () => {},
  off() {},
  addTransport() {},
  flush: async () => nothing,
  flushSync() {},
  close: async () => nothing,
  stats: () => ({ received: 0, dropped: {}, listenerErrors: 0, sinks: [] }),
  closed: false,
  async [Symbol.asyncDispose]() {},
});

/** The process-wide bus, for code that is handed none; the null bus until one is set. */
export function getBus<E extends AnyEvent = EventInput>(): Bus<E> {
  return (holder[key] ?? nullBus) as unknown as Bus<E>;
}

/** Sets the process-wide bus, or clears it with `null`. The one before stays open: whoever made it closes it. */
export function setBus<E extends AnyEvent>(bus: Bus<E> | null): void {
  holder[key] = bus as Bus | null;
}
