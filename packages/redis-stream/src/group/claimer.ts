import { Bell } from "./bell.js";
import type { Claimed } from "./commands.js";
import type { GroupContext } from "./context.js";

/** Calls for one stream in one round at most; what is left is looked at in the next. */
const MAX_CALLS = 100;

/**
 * Takes over what others have left: the entries of consumers that died, and those that pause after a failure. It takes
 * no more at a time than can be handled at once, so that a delivery that is counted is a delivery that was begun, and
 * what a dead consumer left is shared by all that live.
 */
export class Claimer {
  readonly #group: GroupContext;
  readonly #given: () => void;
  readonly #bell = new Bell();
  readonly #places = new Map<string, string>();
  /** Since when Redis is back after which outage. */
  readonly #back = new Map<string, { readonly outage: number; readonly claimFrom: number }>();
  #dueAt = 0;
  #more = false;

  /** @param given is called when there is something to handle */
  constructor(group: GroupContext, given: () => void) {
    this.#group = group;
    this.#given = given;
  }

  /** Looks again after so long, or earlier. */
  lookIn(ms: number): void {
    this.#dueAt = Math.min(this.#dueAt, performance.now() + ms);
    this.#bell.ring();
  }

  /** Room may have become free. */
  changed(): void {
    if (this.#more && this.#room > 0) this.#bell.ring();
  }

  async run(): Promise<void> {
    const { stopping, joined, options } = this.#group;
    const removeEveryMs = Math.max(options.claimIdleMs, options.removeIdleMs / 4);
    let removeAt = 0;
    while (!stopping.aborted) {
      const now = performance.now();
      const waitMs = this.#more && this.#room > 0 ? 0 : this.#dueAt - now;
      if (waitMs > 0) {
        await this.#bell.wait(waitMs, stopping);
        continue;
      }
      // Not all consumers of a group at the same moment.
      this.#dueAt = now + (options.claimIdleMs / 3) * (0.8 + Math.random() * 0.4);
      this.#more = false;
      const remove = now >= removeAt && Number.isFinite(removeEveryMs);
      if (remove && joined.size > 0) removeAt = now + removeEveryMs;
      for (const stream of joined) await this.#visit(stream, remove);
    }
  }

  /**
   * Whether those that live have had the time to show it since Redis was away: until then what they hold has been idle
   * for as long as that took. The time begins when it answers, not when it was last found away.
   */
  async #settledDown(stream: string): Promise<boolean> {
    const { outages, options, commands } = this.#group;
    const outage = outages.get(stream);
    if (outage === undefined) return true;
    if (this.#back.get(stream)?.outage !== outage) {
      this.#dueAt = Math.min(this.#dueAt, performance.now() + options.heartbeatMs);
      await commands.look(stream);
      const graceMs = Math.max(2 * options.heartbeatMs, options.commandTimeoutMs);
      this.#back.set(stream, { outage, claimFrom: performance.now() + graceMs });
    }
    const claimFrom = this.#back.get(stream)?.claimFrom ?? 0;
    if (performance.now() >= claimFrom) return true;
    this.#dueAt = Math.min(this.#dueAt, claimFrom);
    return false;
  }

  get #room(): number {
    return this.#group.options.concurrency - this.#group.held.unsettledClaims;
  }

  async #visit(stream: string, remove: boolean): Promise<void> {
    const { commands, options, stopping, trouble } = this.#group;
    if (stopping.aborted) return;
    try {
      if (!(await this.#settledDown(stream))) return;
      if (remove) await commands.removeIdle(stream, options.removeIdleMs);
      await this.#claim(stream);
    } catch (error) {
      if (!stopping.aborted) await trouble(error, [stream]);
    }
  }

  async #claim(stream: string): Promise<void> {
    const { commands, options, stopping } = this.#group;
    let from = this.#places.get(stream) ?? "0-0";
    for (let calls = 0; calls < MAX_CALLS && !stopping.aborted; calls++) {
      if (this.#room <= 0) break;
      const sentAt = performance.now();
      const page = await commands.claim(stream, options.claimIdleMs, from, this.#room);
      from = page.next;
      this.#places.set(stream, from);
      takeOver(this.#group, stream, page, sentAt);
      this.#given();
      if (from === "0-0") return;
    }
    this.#more = true;
  }
}

/** Holds what was claimed or resumed, and tells of what is gone. */
export function takeOver(
  { held, counts, gap }: GroupContext,
  stream: string,
  { entries, gone }: Claimed,
  sentAt: number,
): void {
  for (const entry of entries) {
    if (!held.add(entry, true, sentAt)) continue;
    counts.received++;
    counts.claimed++;
  }
  const missed = gone.filter((id) => !held.letBe(stream, id)).length;
  if (missed > 0) gap({ stream, reason: "trimmed-pending", missed });
}
