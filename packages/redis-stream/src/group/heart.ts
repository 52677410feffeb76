import { LoopsError } from "@loops/core";
import type { Ownership } from "./commands.js";
import type { GroupContext } from "./context.js";
import { abortHandler, type HeldEntry } from "./held.js";

/** Touched in one command at most. */
const MAX_BATCH = 500;

/**
 * Shows Redis that this consumer lives, entry by entry: what it holds does not count as idle. An entry that turns out
 * to be another's is let go, and its handler told.
 */
export class Heart {
  readonly #group: GroupContext;
  #timer: NodeJS.Timeout | undefined;
  #beating = false;

  constructor(group: GroupContext) {
    this.#group = group;
  }

  start(): void {
    this.#timer = setInterval(() => this.#beat(), this.#group.options.heartbeatMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /**
   * Refreshes entries that are still ours, and lets go of the others.
   *
   * @throws what the command throws: nothing is known then
   */
  async confirm(entries: readonly HeldEntry[]): Promise<void> {
    // Side by side: a stream on a node that is away must not cost the entries of the others.
    await Promise.all([...byStream(entries)].map(([stream, some]) => this.#confirmStream(stream, some)));
  }

  async #confirmStream(stream: string, entries: readonly HeldEntry[]): Promise<void> {
    for (let i = 0; i < entries.length; i += MAX_BATCH) {
      await this.#confirmBatch(stream, entries.slice(i, i + MAX_BATCH));
    }
  }

  async #confirmBatch(stream: string, entries: readonly HeldEntry[]): Promise<void> {
    const sentAt = performance.now();
    const touches = entries.map(({ id }) => ({ id, idleMs: 0 }));
    const answers = await this.#group.commands.touch(stream, touches);
    entries.forEach((entry, index) => {
      this.#learn(entry, answers[index] ?? "kept", sentAt);
    });
  }

  #learn(entry: HeldEntry, ownership: Ownership, sentAt: number): void {
    if (ownership === "kept") entry.confirmedAt = Math.max(entry.confirmedAt, sentAt);
    // Trimmed in our hands: nobody else can ever get it, so it is finished here.
    if (ownership === "deleted") entry.confirmedAt = Number.POSITIVE_INFINITY;
    if (ownership === "taken" || ownership === "settled") this.#lose(entry);
  }

  #lose(entry: HeldEntry): void {
    const { held, counts, changed } = this.#group;
    // One that is being acknowledged has been handled; and its acknowledgement may be what was seen.
    if (!held.has(entry) || entry.state === "acknowledging") return;
    held.remove(entry);
    counts.lost++;
    const why = `[redis-stream] the entry ${entry.id} of ${entry.stream} belongs to another consumer by now`;
    abortHandler(entry, new LoopsError("LOOPS_CLAIM_LOST", why));
    changed();
  }

  async #beat(): Promise<void> {
    // One that takes longer than a heartbeat has a deadline of its own.
    if (this.#beating) return;
    this.#beating = true;
    try {
      await this.confirm([...this.#group.held].filter(({ confirmedAt }) => Number.isFinite(confirmedAt)));
    } catch (error) {
      await this.#group.trouble(error);
    } finally {
      this.#beating = false;
    }
  }
}

function byStream(entries: readonly HeldEntry[]): Map<string, HeldEntry[]> {
  const streams = new Map<string, HeldEntry[]>();
  for (const entry of entries) {
    const some = streams.get(entry.stream);
    if (some === undefined) streams.set(entry.stream, [entry]);
    else some.push(entry);
  }
  return streams;
}
