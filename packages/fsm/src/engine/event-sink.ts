import type { Deadline } from "@loops/core";
import type { FsmEvent } from "../events.js";

/** What the engine needs of a bus; any `Bus` that carries its events is one. */
export interface EventSink {
  emit(event: FsmEvent): void;
  /** Resolves with `ok` when all that was emitted before the call has been delivered. Without it, emitting delivers. */
  flush?(deadline?: Deadline): Promise<{ readonly ok: boolean }>;
}
