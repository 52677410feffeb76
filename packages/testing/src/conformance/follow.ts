import type { EventLog, TailItem } from "@loops/core";
import type { Harness } from "./harness.js";
import { demand, show } from "./violation.js";

export type Log = Pick<EventLog, "query" | "tail">;

/** A reader of a tail that waits no longer than the check has patience. Whoever makes it ends it. */
export interface Follower {
  /** The next `count` items. @throws Violation when they do not come */
  take(count: number): Promise<TailItem[]>;
  end(): Promise<void>;
}

export function follow(harness: Harness, log: Log, since: string | undefined): Follower {
  const controller = new AbortController();
  const iterator = log.tail({ since, signal: controller.signal })[Symbol.asyncIterator]();
  return {
    async take(count) {
      const items: TailItem[] = [];
      while (items.length < count) {
        const outcome = await harness.outcome(() => iterator.next());
        const seen = () => `${items.length} came: ${show(idsOf(items).map((id) => harness.numberOf(id)))}`;
        const expected = `a tail hands out ${count} items`;
        demand(outcome.state === "resolved", expected, () => `${seen()}, then ${outcome.state}`, {
          mend: "Wake who waits in tail with each append, and never let an entry that cannot be read end it.",
        });
        demand(outcome.value.done !== true, expected, () => `${seen()}, then it ended`);
        items.push(outcome.value.value);
      }
      return items;
    },
    async end() {
      controller.abort();
      await harness.outcome(() => iterator.return?.());
    },
  };
}

/** What a gap stands for has no id. */
export function idsOf(items: readonly TailItem[]): string[] {
  return items.map((item) => (item.type === "event" ? item.event.id : "a gap"));
}
