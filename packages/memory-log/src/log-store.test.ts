import { describe, expect, it, vi } from "vitest";
import { LogStore } from "./log-store.js";
import { resolveOptions } from "./options.js";

function storeOf(count: number): LogStore {
  const store = new LogStore(resolveOptions({ now: () => 0 }));
  for (let i = 0; i < count; i++) store.put("k", "{}", 0, 0);
  return store;
}

describe("LogStore", () => {
  it("a query does not scan the buffer: it looks at the entries after since, and at none beyond the limit", () => {
    const store = storeOf(5000);
    const kind = vi.spyOn(store.ring, "kind");
    const read = vi.fn((id: number) => id);
    const page = store.page({ since: 4900, limit: 3, matches: () => true, read });
    expect(page.events).toEqual([4901, 4902, 4903]);
    expect(kind).toHaveBeenCalledTimes(3);
    expect(read).toHaveBeenCalledTimes(3);
  });

  it("wakes whoever waits once, and nobody who has taken it back", () => {
    const store = storeOf(0);
    const waiting = vi.fn();
    const gone = vi.fn();
    store.onNext(waiting);
    store.onNext(gone);
    store.offNext(gone);
    store.put("k", "{}", 0, 0);
    store.put("k", "{}", 0, 0);
    expect(waiting).toHaveBeenCalledTimes(1);
    expect(gone).not.toHaveBeenCalled();
  });

  it("two lives of a log have different epochs, and so different cursors for the same id", () => {
    expect(storeOf(0).cursor(1)).not.toBe(storeOf(0).cursor(1));
  });
});
