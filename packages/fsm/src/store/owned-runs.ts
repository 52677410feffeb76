import { listDirectory, livingOwner, ownedStems, readOwners } from "./owner.js";
import { readStem, runIdOfCorrupt } from "./runs.js";
import type { StoreContext } from "./store-context.js";

/**
 * Which runs somebody owns who lives. Told from the owner files, which only runs in progress have, and from one look at
 * them for all the questions that are asked at once: a list of thousands of runs asks thousands of times.
 */
export class OwnedRuns {
  readonly #context: StoreContext;
  #names: readonly string[] | undefined;
  #living = new Map<string, boolean>();

  constructor(context: StoreContext) {
    this.#context = context;
  }

  /** @throws LoopsError `LOOPS_STORE_READ`, and `LOOPS_STATE_CORRUPT` where an owner lives whose run cannot be read */
  has(runId: string): boolean {
    const names = this.#look();
    const seen = this.#context.seen.get(runId);
    if (seen !== undefined) return this.#lives(seen, names) && this.#isAt(seen, runId);
    return ownedStems(names).some((stem) => this.#lives(stem, names) && this.#isAt(stem, runId));
  }

  #isAt(stem: string, runId: string): boolean {
    const content = readStem(this.#context, stem);
    if (content?.kind === "run") return content.run.state.run_id === runId;
    if (content !== null && runIdOfCorrupt(this.#context, content.paths) === runId) throw content.error;
    return false;
  }

  #lives(stem: string, names: readonly string[]): boolean {
    const known = this.#living.get(stem);
    if (known !== undefined) return known;
    const lives = livingOwner(readOwners(this.#context, stem, names)) !== null;
    this.#living.set(stem, lives);
    return lives;
  }

  /** The names of the owner files: until whoever asked goes on, nothing that was found out is older than the question. */
  #look(): readonly string[] {
    if (this.#names !== undefined) return this.#names;
    this.#names = listDirectory(this.#context.fs, this.#context.layout.running).filter((name) =>
      name.includes(".owner."),
    );
    queueMicrotask(() => {
      this.#names = undefined;
      this.#living.clear();
    });
    return this.#names;
  }
}
