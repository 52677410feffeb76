import { randomUUID } from "node:crypto";
import { isLoopsError, type LoopsError, startDeadline } from "@loops/core";
import { type Observer, ownOwner, type StoredOwner } from "./owner.js";
import { withRetries } from "./retries.js";
import type { Kind, StoreDb } from "./sql-parts.js";
import { readFailed, storeClosed, writeFailed } from "./store-errors.js";

/** A database that is open and has the tables. */
export interface OpenedStore {
  readonly db: StoreDb;
  readonly kind: Kind;
  close(): Promise<void>;
}

export interface StoreSettings {
  /** @param broken aborted where its connections are to be broken: what waits for an answer is to fail at once */
  readonly open: (broken: AbortSignal) => Promise<OpenedStore>;
  readonly leaseMs: number;
  readonly timeoutMs: number;
}

type Work<T> = (opened: OpenedStore, observer: Observer) => Promise<T>;

const maxCloseMs = 2000;

/** What every part of the store works with: the database, opened when it is first needed, and how long to try. */
export class StoreContext {
  readonly leaseMs: number;
  readonly #settings: StoreSettings;
  readonly #claims = new Set<string>();
  #opening: Promise<OpenedStore> | undefined;
  #self: StoredOwner | undefined;
  #closed = false;
  readonly #broken = new AbortController();

  constructor(settings: StoreSettings) {
    this.leaseMs = settings.leaseMs;
    this.#settings = settings;
  }

  /** @throws LoopsError `LOOPS_STORE_READ`, and what `work` throws where that is a LoopsError */
  read<T>(what: string, work: Work<T>): Promise<T> {
    return this.#try(work, this.#settings.timeoutMs, (error) => readFailed(what, error));
  }

  /**
   * @param work one attempt, which may be made again where nobody knows what became of the last one
   * @throws LoopsError `LOOPS_STORE_WRITE`, and what `work` throws where that is a LoopsError
   */
  write<T>(what: string, work: Work<T>, timeoutMs = this.#settings.timeoutMs): Promise<T> {
    return this.#try(work, Math.min(timeoutMs, this.#settings.timeoutMs), (error) => writeFailed(what, error));
  }

  /** An owner as it is put on record, for one lease. Until {@link forget} it is known that this process holds it. */
  claim(): string {
    const claim = randomUUID();
    claims.add(claim);
    this.#claims.add(claim);
    return JSON.stringify({ ...this.#own, claim } satisfies StoredOwner);
  }

  /** The lease is not held from here any more. */
  forget(owner: string): void {
    const { claim = "" } = JSON.parse(owner) as StoredOwner;
    claims.delete(claim);
    this.#claims.delete(claim);
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    const opening = this.#opening;
    this.#opening = undefined;
    for (const claim of this.#claims) claims.delete(claim);
    if (opening === undefined) return;
    const closing = opening.then(
      (opened) => opened.close(),
      () => undefined,
    );
    // A server that does not answer keeps nobody waiting, and no process.
    const due = startDeadline(undefined, Math.min(maxCloseMs, this.#settings.timeoutMs));
    if (!(await due.wait(closing))) this.#broken.abort();
  }

  get #own(): StoredOwner {
    this.#self ??= ownOwner();
    return this.#self;
  }

  async #try<T>(work: Work<T>, timeoutMs: number, failed: (error: unknown) => LoopsError): Promise<T> {
    const attempt = async () => {
      const opened = await this.#opened();
      return work(opened, { self: this.#own, oneMachine: opened.kind === "sqlite", claims });
    };
    try {
      return await withRetries({ attempt, timeoutMs });
    } catch (error) {
      throw isLoopsError(error) ? error : failed(error);
    }
  }

  #opened(): Promise<OpenedStore> {
    if (this.#closed) throw storeClosed();
    // What failed once is tried anew: the server may be there by then.
    this.#opening ??= this.#settings.open(this.#broken.signal).catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }
}

/** Of every store of this process: one may ask for a run that another one holds. */
const claims = new Set<string>();
