import type { Connection, ExchangeLimits } from "../connection.js";
import type { RawEntry } from "../entry.js";
import type { OwnClient } from "../redis-client.js";
import type { GivenEntry } from "./held.js";
import { claimScript, joinScript, lookScript, removeIdleScript, resumeScript, touchScript } from "./scripts.js";

type Argument = string | number | Uint8Array;

/** How an entry stands, as the script of {@link GroupCommands.touch} found it. */
export type Ownership = "kept" | "taken" | "settled" | "deleted";

/** What to set at an entry that is ours. */
interface Touch {
  readonly id: string;
  /** For how long it shall count as idle from now. */
  readonly idleMs: number;
  /** How often it shall count as delivered. @default as it is */
  readonly deliveries?: number;
}

/** A page of entries that were taken over. */
export interface Claimed {
  /** Where to go on. */
  readonly next: string;
  readonly entries: readonly GivenEntry[];
  /** Pending, but no longer in the stream. Redis has forgotten them by now. */
  readonly gone: readonly string[];
}

/** How a group stands in one stream. */
export interface GroupStanding {
  readonly length: number;
  /** How many entries the stream was ever given. */
  readonly added: number;
  /** Entries that no consumer has been given, `null` where Redis cannot tell. */
  readonly lag: number | null;
  readonly pending: number;
  readonly lastDeliveredId: string;
  /** Entries trimmed before the group was given them, `null` where they cannot be counted. */
  readonly missed: number | null;
}

/** The commands of a consumer, one stream each: in a cluster the streams lie on different nodes. */
export class GroupCommands {
  readonly #connection: Connection;
  readonly #limits: ExchangeLimits;
  readonly group: string;
  readonly consumer: string;

  constructor(connection: Connection, limits: ExchangeLimits, group: string, consumer: string) {
    this.#connection = connection;
    this.#limits = limits;
    this.group = group;
    this.consumer = consumer;
  }

  /** Makes the group, and the stream. @returns `false` when it is there already */
  async join(stream: string, from: string): Promise<boolean> {
    try {
      await this.#script(joinScript, stream, this.group, from);
      return true;
    } catch (error) {
      if (String((error as Error).message).startsWith("BUSYGROUP")) return false;
      throw error;
    }
  }

  async acknowledge(stream: string, ids: readonly string[]): Promise<void> {
    await this.#call("XACK", stream, this.group, ...ids);
  }

  /** @returns how each of them stands, in turn */
  async touch(stream: string, touches: readonly Touch[]): Promise<Ownership[]> {
    const each = touches.flatMap(({ id, idleMs, deliveries = -1 }) => [id, Math.round(idleMs), deliveries]);
    const answers = (await this.#script(touchScript, stream, this.group, this.consumer, ...each)) as Uint8Array[];
    return answers.map((answer) => String(answer) as Ownership);
  }

  /** @param from `0-0` at first, then `next` of the page before; that is `0-0` at the end */
  async claim(stream: string, idleMs: number, from: string, count: number): Promise<Claimed> {
    return claimedOf(stream, await this.#script(claimScript, stream, this.group, this.consumer, idleMs, from, count));
  }

  /** @param from `-` at first, then `(` and `next` of the page before; that is empty at the end */
  async resume(stream: string, from: string, count: number): Promise<Claimed> {
    return claimedOf(stream, await this.#script(resumeScript, stream, this.group, this.consumer, from, count));
  }

  /** How the group stands. */
  async look(stream: string): Promise<GroupStanding> {
    return standingOf(await this.#script(lookScript, stream, this.group, 0, "")) as GroupStanding;
  }

  /** @returns how many consumers were removed */
  async removeIdle(stream: string, idleMs: number, only?: string): Promise<number> {
    const name = only === undefined ? [] : [only];
    return Number(await this.#script(removeIdleScript, stream, this.group, Math.ceil(idleMs), ...name));
  }

  /** Ids that are pending under the name of this consumer, with their deliveries. */
  async own(stream: string, count: number): Promise<{ id: string; deliveries: number }[]> {
    const rows = await this.#call("XPENDING", stream, this.group, "-", "+", count, this.consumer);
    return (rows as [Uint8Array, Uint8Array, number, number][]).map(([id, , , deliveries]) => ({
      id: String(id),
      deliveries,
    }));
  }

  async add(stream: string, fields: readonly Argument[]): Promise<void> {
    await this.#call("XADD", stream, "*", ...fields);
  }

  #script(script: string, stream: string, ...args: Argument[]): Promise<unknown> {
    return this.#call("EVAL", script, 1, stream, ...args);
  }

  #call(name: string, ...args: Argument[]): Promise<unknown> {
    return this.#connection.run((client) => call(client, name, ...args), this.#limits);
  }
}

function call(client: OwnClient, name: string, ...args: Argument[]): Promise<unknown> {
  return client.callBuffer(name, ...(args as (string | number | Buffer)[]));
}

function claimedOf(stream: string, reply: unknown): Claimed {
  const [next, entries, gone] = reply as [Uint8Array, [...RawEntry, number][], Uint8Array[]];
  return {
    next: String(next),
    entries: entries.map(([id, fields, deliveries]) => ({ stream, id: String(id), fields, deliveries })),
    gone: gone.map(String),
  };
}

/** What the script says in numbers below zero cannot be known. Nothing where it has not looked. */
export function standingOf(reply: unknown): GroupStanding | undefined {
  if (!Array.isArray(reply)) return undefined;
  const [length, added, , lag, pending, last, , missed] = reply as number[];
  const known = (value: number | undefined) => (value === undefined || value < 0 ? null : value);
  return {
    length: length ?? 0,
    added: added ?? 0,
    lag: known(lag),
    pending: pending ?? 0,
    lastDeliveredId: String(last),
    missed: known(missed),
  };
}
