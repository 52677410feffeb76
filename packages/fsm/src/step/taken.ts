import type { Captured, RunState } from "../run-state.js";
import type { EventDraft, Next } from "./types.js";

/** Fields of the state that a step changes. Made anew by each step. */
export type Changes = { -readonly [Field in keyof RunState]?: RunState[Field] };

/** A step in the making. */
export interface Taken {
  readonly events: readonly EventDraft[];
  readonly changes: Changes;
  /** Added to what was captured before. */
  readonly captured?: Readonly<Record<string, Captured>>;
  readonly next: Next;
}

/** What has happened to a state by the time it is left, to be committed with the way out. Made for that, and added to. */
export interface Leaving {
  readonly events: EventDraft[];
  readonly changes: Changes;
}
