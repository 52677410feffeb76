import type { EventLogBackend } from "./backend.js";
import { formatCursor, newEpoch } from "./cursor.js";
import { memoryLogEvent } from "./memory-log-event.js";
import { payloadForm, payloadSnapshot } from "./snapshot.js";

/**
 * A log that keeps nothing: `append` returns an event with a rising id, so that callers which pass ids on still work;
 * `query` finds nothing, and reports no gap, because there is no past that a reader could have missed.
 */
export function createDisabledLog(): EventLogBackend {
  const epoch = newEpoch();
  let newest = 0;
  return {
    append(kind, payload) {
      const text = payloadSnapshot(kind, payload, Number.POSITIVE_INFINITY);
      return memoryLogEvent(++newest, { kind, text, form: payloadForm, timeMs: Date.now() });
    },
    query() {
      const place = formatCursor(epoch, newest);
      return { events: [], gap: false, oldest: null, newest: place, next: place };
    },
    clear() {},
  };
}
