import { setMaxListeners } from "node:events";
import { createReporter, type Deadline, type Due, LoopsError, startDeadline, warnOnError } from "@loops/core";
import { Connection } from "../connection.js";
import { streamKeys } from "../partition.js";
import { isCluster } from "../redis-client.js";
import { Acknowledger } from "./acknowledger.js";
import { Claimer } from "./claimer.js";
import { GroupCommands } from "./commands.js";
import type { GroupContext } from "./context.js";
import { idleForPause } from "./decide.js";
import { describeGap, type GroupGap } from "./gap.js";
import { groupError, isGroupLost, isOutage, isWrongServer } from "./group-error.js";
import { type GroupStats, newCounts, statsOf } from "./group-stats.js";
import { Heart } from "./heart.js";
import { abortHandler, HeldEntries } from "./held.js";
import type { ResolvedGroupOptions } from "./options.js";
import { GroupReader, reconnectPauseMs } from "./reader.js";
import { type GroupLag, groupLag } from "./standing.js";
import { Worker } from "./worker.js";

/** One consumer from its start to its stop: puts the parts together, and owns the connections. */
export class ConsumerLife implements GroupContext {
  readonly options: ResolvedGroupOptions;
  readonly streams: readonly string[];
  readonly deadLetterStream: string | null;
  readonly consumer: string;
  readonly commands: GroupCommands;
  readonly joined = new Set<string>();
  readonly held = new HeldEntries();
  readonly counts = newCounts();
  readonly stopping: AbortSignal;
  readonly stopped: Promise<GroupStats>;
  readonly outages = new Map<string, number>();

  readonly #stop = new AbortController();
  /** Nothing is sent any more. */
  readonly #ended = new AbortController();
  readonly #report: ReturnType<typeof createReporter>;
  readonly #connection: Connection;
  readonly #readers: { readonly connection: Connection; readonly reader: GroupReader }[];
  readonly #worker: Worker;
  readonly #heart: Heart;
  readonly #acknowledger: Acknowledger;
  readonly #claimer: Claimer;
  readonly #loops: Promise<unknown>;
  #resolveStopped: (stats: GroupStats) => void = () => {};
  #rejoining: Promise<void> | undefined;
  #stopBegun = false;

  constructor(options: ResolvedGroupOptions) {
    this.options = options;
    // Each stream listens.
    setMaxListeners(0, this.#stop.signal, this.#ended.signal);
    this.consumer = options.consumer;
    this.stopping = this.#stop.signal;
    this.stopped = new Promise((resolve) => {
      this.#resolveStopped = resolve;
    });
    this.#report = createReporter("redis-stream", options.onError ?? warnOnError);
    const connect = () => new Connection("redis-stream", options);
    this.#connection = connect();
    const { keyPrefix } = this.#connection;
    this.streams = streamKeys(keyPrefix + options.stream, options.partitions);
    this.deadLetterStream = options.deadLetterStream === null ? null : keyPrefix + options.deadLetterStream;
    const limits = { timeoutMs: options.commandTimeoutMs };
    this.commands = new GroupCommands(this.#connection, limits, options.group, options.consumer);

    this.#heart = new Heart(this);
    this.#acknowledger = new Acknowledger({
      commands: this.commands,
      done: (entry) => {
        this.held.remove(entry);
        if (entry.outcome === "handled") this.counts.handled++;
        else this.counts.deadLettered++;
        this.changed();
      },
      failed: async (error, attempt) => {
        await this.trouble(error);
        return reconnectPauseMs(attempt);
      },
    });
    this.#claimer = new Claimer(this, () => this.#worker.pump());
    this.#worker = new Worker(this, {
      heart: this.#heart,
      acknowledger: this.#acknowledger,
      lookIn: (ms) => this.#claimer.lookIn(ms),
      ended: this.#ended.signal,
    });
    // A read waits on its connection, so nothing else can use that; and no command reads on two nodes of a cluster.
    const lanes =
      options.client !== undefined && isCluster(options.client)
        ? this.streams.map((stream) => [stream])
        : [this.streams];
    const on = { given: () => this.#worker.pump(), joined: () => this.#claimer.lookIn(0) };
    this.#readers = lanes.map((streams) => {
      const connection = connect();
      return { connection, reader: new GroupReader(this, connection, streams, on) };
    });

    // One that is to stop before it has begun connects to nothing.
    if (options.signal?.aborted) this.#stop.abort(stopReason(this.consumer));
    this.#heart.start();
    const loops = [this.#claimer.run(), ...this.#readers.map(({ reader }) => reader.run())];
    this.#loops = Promise.all(loops.map((loop) => loop.catch(this.report)));
    options.signal?.addEventListener("abort", this.#onSignal);
    if (options.signal?.aborted) this.#onSignal();
  }

  readonly #onSignal = () => void this.stop();

  stats(): GroupStats {
    return statsOf(this.counts, this.held);
  }

  async lag(): Promise<GroupLag> {
    return groupLag(this.commands, this.streams);
  }

  readonly report = (error: unknown): void => this.#report(error);

  readonly gap = (gap: GroupGap): void => {
    this.counts.missed += gap.missed ?? 0;
    const { onGap } = this.options;
    if (onGap === undefined) {
      this.report(new LoopsError("LOOPS_GROUP_GAP", `[redis-stream] ${describeGap(gap)}`));
      return;
    }
    try {
      onGap(gap);
    } catch (error) {
      this.report(error);
    }
  };

  readonly changed = (): void => {
    for (const { reader } of this.#readers) reader.changed();
    this.#claimer.changed();
  };

  readonly trouble = async (error: unknown, streams = this.streams): Promise<void> => {
    // A handler that ends too late finds everything closed.
    if (this.#ended.signal.aborted) return;
    if (isOutage(error)) for (const stream of streams) this.outages.set(stream, performance.now());
    if (isWrongServer(error)) {
      this.#connection.renew();
      for (const { connection } of this.#readers) connection.renew();
    }
    if (!isGroupLost(error)) return this.report(groupError(error, this.options.group));
    this.#rejoining ??= this.#rejoin().finally(() => {
      this.#rejoining = undefined;
    });
    await this.#rejoining;
  };

  /** From the oldest entry there is: what the lost group had handled may come again, and nothing is skipped. */
  async #rejoin(): Promise<void> {
    for (const stream of this.streams) {
      try {
        if (await this.commands.join(stream, "0")) this.gap({ stream, reason: "group-lost", missed: null });
      } catch (error) {
        this.report(groupError(error, this.options.group));
      }
    }
  }

  stop(deadline?: Deadline): Promise<GroupStats> {
    if (!this.#stopBegun) {
      this.#stopBegun = true;
      this.#end(startDeadline(deadline, this.options.stopTimeoutMs)).then(this.#resolveStopped);
    }
    return this.stopped;
  }

  async #end(due: Due): Promise<GroupStats> {
    this.options.signal?.removeEventListener("abort", this.#onSignal);
    const reason = stopReason(this.consumer);
    this.#stop.abort(reason);
    for (const entry of this.held) if (entry.state === "running") abortHandler(entry, reason);
    await due.wait(this.#worker.idle());
    this.#heart.stop();
    // One second for all that Redis has still to be told.
    const last = startDeadline(undefined, 1000);
    try {
      await last.wait(this.#settle());
    } catch (error) {
      // A group that is gone has nothing that could be given back.
      if (!isGroupLost(error)) this.report(groupError(error, this.options.group));
    }
    this.#ended.abort();
    this.#connection.close();
    for (const { connection } of this.#readers) connection.close();
    this.#report.end();
    return this.stats();
  }

  /** Acknowledges what is done, gives back what was not begun, and takes the name out of the group if it has nothing. */
  async #settle(): Promise<void> {
    await this.#loops;
    await this.#acknowledger.settled();
    const running = [...this.held].filter(({ state }) => state !== "queued");
    for (const entry of this.held) {
      if (entry.state !== "queued") continue;
      this.held.remove(entry);
      this.counts.released++;
    }
    const idleMs = idleForPause(0, this.options.claimIdleMs);
    for (const stream of this.joined) {
      // As Redis knows it: an entry may have been on its way here when the connection was cut.
      const own = await this.commands.own(stream, 10_000);
      const left = own.filter(({ id }) => !running.some((entry) => entry.id === id && entry.stream === stream));
      await this.commands.touch(
        stream,
        left.map(({ id, deliveries }) => ({ id, idleMs, deliveries: Math.max(0, deliveries - 1) })),
      );
      await this.commands.removeIdle(stream, 0, this.consumer);
    }
  }
}

function stopReason(consumer: string): LoopsError {
  return new LoopsError("LOOPS_CONSUMER_STOPPED", `[redis-stream] the consumer ${consumer} stops`);
}
