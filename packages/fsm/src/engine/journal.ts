import { isLoopsError, type LoopEvent, LoopsError, type RunLease, type StateDelta } from "@loops/core";
import type { FsmEvent, RunFields } from "../events.js";
import type { RunState } from "../run-state.js";
import { actionOutput } from "../step/drafts.js";
import type { EventDraft } from "../step/types.js";
import type { Clock } from "./clock.js";
import { eventIds } from "./event-ids.js";
import type { EventSink } from "./event-sink.js";

export interface JournalOptions {
  readonly lease: RunLease<RunState>;
  readonly bus: EventSink | undefined;
  readonly clock: Clock;
  readonly warn: (warning: Error) => void;
  /** Asked once, when the first event has been emitted: what the next commit adds to the state. */
  readonly annotations?: (() => RunState["annotations"]) | undefined;
  /** Called once, when the store cannot be written: nothing further may act. */
  readonly onFailure: (error: LoopsError) => void;
}

const maxWaitingLines = 64;

/**
 * The one way of every event: stamped, committed to the store, then emitted on the bus, with the same `id` and `ts`.
 * Lines of output are committed as they come, those of one tick together.
 */
export class Journal {
  readonly #options: JournalOptions;
  readonly #runFields: RunFields;
  readonly #newId = eventIds();
  #lines: LoopEvent[] = [];
  #drainSoon: NodeJS.Immediate | undefined;
  /** The commit under way, of a store that takes time. */
  #writing: Promise<void> | undefined;
  #failure: LoopsError | undefined;
  #busFailed = false;
  #asked = false;
  /** What the next commit adds to the state. */
  #annotations: RunState["annotations"];

  constructor(options: JournalOptions) {
    this.#options = options;
    const { run_id, loop_name: loop, depth, parent_run_id } = options.lease.state;
    this.#runFields = parent_run_id === null ? { run_id, loop, depth } : { run_id, loop, depth, parent_run_id };
  }

  /**
   * Commits what a step says, behind the lines that came before it. A promise only where the store takes its time.
   * Throws, or rejects, as the store does.
   */
  commit(drafts: readonly EventDraft[], delta: StateDelta): void | Promise<void> {
    if (this.#writing !== undefined) return this.#commitLater(drafts, delta);
    if (this.#failure !== undefined) throw this.#failure;
    const stamped = this.#stampAll(drafts);
    const events = this.#lines.length === 0 ? stamped : [...this.#takeLines(), ...stamped];
    const written = this.#write(events, this.#annotated(delta));
    if (this.#failure !== undefined) throw this.#failure;
    return written?.then(() => {
      if (this.#failure !== undefined) throw this.#failure;
    });
  }

  /** Takes a line of output. Never throws: a failing store ends the action through `onFailure`. */
  readonly onLine = (text: string): void => {
    if (this.#failure !== undefined) return;
    this.#lines.push(this.#stamp(actionOutput(text), this.#options.clock.isoNow()));
    if (this.#lines.length >= maxWaitingLines) this.#drain();
    else this.#drainSoon ??= setImmediate(() => this.#drain());
  };

  /** Emits again what was committed before this process, under the original `id` and `ts`. */
  emit(event: LoopEvent): void {
    try {
      this.#options.bus?.emit(event as FsmEvent);
    } catch (cause) {
      if (this.#busFailed) return;
      this.#busFailed = true;
      const message = "[engine] the bus threw on emit; the loop goes on, and its events are in the store";
      this.#options.warn(new LoopsError("LOOPS_BUS", message, { cause }));
    }
  }

  /** Releases what waits for the next tick. */
  close(): void {
    clearImmediate(this.#drainSoon);
    this.#drainSoon = undefined;
  }

  async #commitLater(drafts: readonly EventDraft[], delta: StateDelta): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
    await this.commit(drafts, delta);
  }

  #drain(): void {
    this.close();
    // Lines that come while a commit is under way go with the next one.
    if (this.#writing !== undefined || this.#lines.length === 0 || this.#failure !== undefined) return;
    void this.#write(this.#takeLines(), {});
  }

  #takeLines(): LoopEvent[] {
    if (this.#drainSoon !== undefined) this.close();
    const lines = this.#lines;
    this.#lines = [];
    return lines;
  }

  /** Never rejects: a failure is kept, and every later commit throws it. */
  #write(events: readonly LoopEvent[], delta: StateDelta): Promise<void> | undefined {
    let written: void | Promise<void>;
    try {
      written = this.#options.lease.commit(events, delta);
    } catch (error) {
      this.#fail(error);
      return undefined;
    }
    // Outside of the try: what is thrown while the bus is told is no failure to write.
    if (written === undefined) {
      this.#emitAll(events);
      return undefined;
    }
    this.#writing = written
      .then(
        () => this.#emitAll(events),
        (error: unknown) => this.#fail(error),
      )
      .finally(() => {
        this.#writing = undefined;
        if (this.#lines.length > 0) this.#drain();
      });
    return this.#writing;
  }

  #emitAll(events: readonly LoopEvent[]): void {
    for (const event of events) this.emit(event);
    if (this.#asked) return;
    this.#asked = true;
    this.#annotations = this.#options.annotations?.();
  }

  #annotated(delta: StateDelta): StateDelta {
    const annotations = this.#annotations;
    if (annotations === undefined) return delta;
    this.#annotations = undefined;
    return { ...delta, set: { ...delta.set, annotations } };
  }

  #fail(error: unknown): void {
    const { run_id, loop } = this.#runFields;
    this.#failure = isLoopsError(error)
      ? error
      : new LoopsError(
          "LOOPS_STORE_WRITE",
          `[engine] run ${run_id} of loop "${loop}" could not be recorded and was stopped; resume it once the store can be written`,
          { cause: error },
        );
    this.#lines = [];
    this.close();
    this.#options.onFailure(this.#failure);
  }

  /** In place: the list and what is in it were made for this commit, and are nobody else's. */
  #stampAll(drafts: readonly EventDraft[]): LoopEvent[] {
    const ts = this.#options.clock.isoNow();
    const events = drafts as LoopEvent[];
    for (let index = 0; index < drafts.length; index++) {
      events[index] = this.#stamp(drafts[index] as EventDraft, ts);
    }
    return events;
  }

  /** Fills in what a draft has places for. */
  #stamp(draft: EventDraft, ts: string): LoopEvent {
    const { run_id, loop, depth, parent_run_id } = this.#runFields;
    if (parent_run_id !== undefined) {
      const { event, ts: _ts, id: _id, run_id: _run, loop: _loop, depth: _depth, ...fields } = draft;
      return { event, ts, id: this.#newId(), run_id, loop, depth, parent_run_id, ...fields };
    }
    const event = draft as { -readonly [Field in keyof LoopEvent]: LoopEvent[Field] };
    event.ts = ts;
    event.id = this.#newId();
    event["run_id"] = run_id;
    event["loop"] = loop;
    event["depth"] = depth;
    return event;
  }
}
