import type { TransportStats } from "@loops/core";

/** What `stats()` of the transport says beside the counts of every transport. All but `spans` and `openRuns` are parts of `delivered`. */
export interface OtelStats extends TransportStats {
  /** Events of types that are not shown. */
  readonly ignored: number;
  /** Events that the bounds of a span reduced to a number on it. */
  readonly summarised: number;
  /** Events of spans that the sampler left out. */
  readonly unsampled: number;
  /** Runs whose spans are open. */
  readonly openRuns: number;
  /** Runs whose spans were ended unfinished, because more than `maxOpenRuns` were open. */
  readonly evictedRuns: number;
  /** Ended spans; `exported` and `dropped` only for a provider that is made here. */
  readonly spans: { readonly ended: number; readonly exported: number; readonly dropped: number };
}

/** The accounts: each event is in one place at a time. What is neither delivered nor dropped is held, by an open span or the queue. */
export class Ledger {
  received = 0;
  delivered = 0;
  ignored = 0;
  unsampled = 0;
  /** Events of the spans that are being exported. */
  inFlight = 0;
  spansEnded = 0;
  spansExported = 0;
  spansDropped = 0;
  readonly dropped: Record<string, number> = {};

  drop(reason: string, events: number): void {
    if (events > 0) this.dropped[reason] = (this.dropped[reason] ?? 0) + events;
  }

  /** Of an ended span and the events it carries. */
  dropSpan(reason: string, events: number): void {
    this.spansDropped++;
    this.drop(reason, events);
  }

  deliverSpan(events: number): void {
    this.spansExported++;
    this.delivered += events;
  }

  /** At the end nothing is held any more. */
  dropHeld(reason: string): void {
    const lost = Object.values(this.dropped).reduce((sum, count) => sum + count, 0);
    this.drop(reason, this.received - this.delivered - lost - this.inFlight);
  }

  stats(tree: { readonly openRuns: number; readonly evicted: number; readonly summarised: number }): OtelStats {
    const { received, delivered, inFlight, ignored, unsampled } = this;
    const lost = Object.values(this.dropped).reduce((sum, count) => sum + count, 0);
    return {
      received,
      delivered,
      dropped: { ...this.dropped },
      queued: received - delivered - lost - inFlight,
      inFlight,
      spooled: 0,
      ignored,
      summarised: tree.summarised,
      unsampled,
      openRuns: tree.openRuns,
      evictedRuns: tree.evicted,
      spans: { ended: this.spansEnded, exported: this.spansExported, dropped: this.spansDropped },
    };
  }
}
