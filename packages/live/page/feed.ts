import type { LoopEvent } from "@loops/core";
import { followSocket } from "@loops/socket/client";
import type { LiveModel, ModelItem } from "../src/model/model.js";

/** How the page is connected, for a person. */
export type Connection =
  | { readonly kind: "connecting" }
  | { readonly kind: "live" }
  | { readonly kind: "reconnecting"; readonly at: number; readonly reason: string }
  /** Nothing that the page could do by itself would help. */
  | { readonly kind: "refused"; readonly reason: string };

export interface FeedTarget {
  readonly token: string | undefined;
  /** Takes items in order, at most about twenty times a second. */
  take(items: readonly ModelItem[]): void;
  /** What all items so far have led to. */
  model(): LiveModel;
  connection(state: Connection): void;
}

const pageLimit = 1000;
const flushMs = 50;
const maxWaiting = 5000;
const retryMs = 2000;

/**
 * Reads the history to its end and follows from there, for as long as the page is open: no hole, no double. Where something
 * is missing, it is the live events that say so: they know how much.
 */
export async function startFeed(target: FeedTarget): Promise<void> {
  const inbox = new Inbox(target);
  for (;;) {
    try {
      let since = await readHistory(inbox, target);
      for (;;) since = await follow(inbox, target, since);
    } catch (error) {
      if (error instanceof Refused) return target.connection({ kind: "refused", reason: error.message });
      const reason = error instanceof Error ? error.message : String(error);
      target.connection({ kind: "reconnecting", at: Date.now() + retryMs, reason });
      await new Promise((resolve) => setTimeout(resolve, retryMs));
    }
  }
}

class Refused extends Error {}

/** From the oldest event kept, or from where the page stood, up to the head or a gap: where that is. */
async function readHistory(inbox: Inbox, { token, model }: FeedTarget): Promise<string> {
  let since = model().position;
  for (;;) {
    const { events, gap, next } = await fetchPage(since, pageLimit, token);
    if (gap && since !== null) return since;
    for (const { event, cursor } of events) inbox.put({ type: "event", event, cursor });
    inbox.flush();
    if (events.length === 0) return next;
    since = next;
  }
}

interface HistoryPage {
  readonly events: readonly { readonly cursor: string; readonly event: LoopEvent }[];
  readonly gap: boolean;
  readonly next: string;
}

async function fetchPage(since: string | null, limit: number, token: string | undefined): Promise<HistoryPage> {
  const query = new URLSearchParams({ limit: String(limit), ...(since === null ? {} : { since }) });
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const response = await fetch(`history?${query}`, { headers, cache: "no-store" });
  if (response.status === 401 || response.status === 403) {
    throw new Refused(
      token === undefined
        ? "This page needs the token that is in the address: open the one that the server printed."
        : "The token of this page is not valid any more: open the address that the server printed.",
    );
  }
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  return (await response.json()) as HistoryPage;
}

/** Until the connection has to be begun anew: from where on. */
async function follow(inbox: Inbox, { token, connection }: FeedTarget, since: string): Promise<string> {
  const feed = followSocket({
    url: new URL("events", location.href),
    since,
    ...(token === undefined ? {} : { token }),
    retry: { baseMs: 500, maxMs: 5000 },
  });
  let events = 0;
  try {
    for await (const item of feed) {
      switch (item.type) {
        case "connected":
          events = 0;
          connection({ kind: "live" });
          break;
        case "disconnected":
          inbox.flush();
          connection({ kind: "reconnecting", at: Date.now() + item.retryInMs, reason: item.reason });
          // A browser does not tell a page why a WebSocket was refused; a request does.
          await refusal(token);
          break;
        default:
          inbox.put(item as ModelItem);
          if (item.type === "event") events++;
          // This page was too slow for the log: a new snapshot says what the counts are.
          if (item.type !== "gap" || events === 0) break;
          inbox.flush();
          return feed.cursor ?? since;
      }
    }
    return feed.cursor ?? since;
  } finally {
    feed.close();
  }
}

async function refusal(token: string | undefined): Promise<void> {
  try {
    await fetchPage(null, 0, token);
  } catch (error) {
    if (error instanceof Refused) throw error;
    // Not reached either: the feed tries again.
  }
}

/** Items on their way to the model, so that a flood of them is drawn a few times a second, not each by itself. */
class Inbox {
  readonly #target: FeedTarget;
  #items: ModelItem[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(target: FeedTarget) {
    this.#target = target;
  }

  put(item: ModelItem): void {
    this.#items.push(item);
    if (this.#items.length >= maxWaiting) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), flushMs);
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const items = this.#items;
    this.#items = [];
    if (items.length > 0) this.#target.take(items);
  }
}
